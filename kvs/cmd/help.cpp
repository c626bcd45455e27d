#include "kvs/cmd/help.hpp"

#include <algorithm>

namespace kvs {
namespace {

constexpr std::size_t width = 100;

std::string padded(std::string text, std::size_t size) {
  text.resize(std::max(size, text.size()), ' ');
  return text;
}

// `text` broken at spaces, every line but the first indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string lines;
  std::size_t room = width - indent;
  while (text.size() > room) {
    std::size_t space = text.rfind(' ', room);
    if (space == std::string_view::npos || space == 0) break;
    lines += std::string(text.substr(0, space)) + "\n" + std::string(indent, ' ');
    text.remove_prefix(space + 1);
  }
  return lines + std::string(text);
}

std::string spelling(const Option& option) {
  std::string text = option.letter != 0 ? std::string{'-', option.letter} + ", " : "    ";
  text += "--" + std::string(option.name);
  if (!option.value.empty()) text += " " + std::string(option.value);
  return text;
}

std::string explanation(const Option& option) {
  std::string text(option.help);
  if (!option.fallback.empty()) text += " (default: " + std::string(option.fallback) + ")";
  if (option.repeatable) text += "; may be repeated";
  return text;
}

template <class Wanted>
std::string flags(const Wanted& wanted) {
  constexpr std::size_t column = 36;
  std::string lines;
  for (const Option& option : all_options()) {
    if (!wanted(option)) continue;
    std::string left = "  " + spelling(option);
    lines += left.size() + 2 > column ? left + "\n" + std::string(column, ' ') : padded(left, column);
    lines += wrapped(explanation(option), column) + "\n";
  }
  return lines;
}

std::string indented(std::string_view text) {
  std::string lines = "  ";
  for (char c : text) lines += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return lines + "\n";
}

std::string headline(const CommandRow& command) {
  std::string text = "kvs " + std::string(command.name);
  return command.synopsis.empty() ? text : text + " " + std::string(command.synopsis);
}

template <class Wanted>
std::string commands(const Wanted& wanted) {
  constexpr std::size_t column = 18;
  std::string lines;
  for (const CommandRow& row : all_commands())
    if (wanted(row)) lines += "  " + padded(std::string(row.name), column) + std::string(row.summary) + "\n";
  return lines;
}

// These take all flags of serve; to list them twice would hide their own.
bool also_serves(Verb verb) { return verb == Verb::doctor || verb == Verb::config_show; }

bool own_flag(const Option& option, Verb verb) {
  return goes_with(option, verb) && !global(option) && !(also_serves(verb) && goes_with(option, Verb::serve));
}

}  // namespace

std::string help_group(const std::string& word) {
  return "kvs " + word + " COMMAND [flags]\n\nCommands:\n" +
         commands([&](const CommandRow& row) { return row.name.starts_with(word + " "); }) + "\nkvs help " + word +
         " COMMAND explains one.\n";
}

std::string help() {
  std::string text =
      "kvs: a key-value store whose changes can be watched\n\nUsage: kvs COMMAND [flags]\n\nCommands:\n" +
      commands([](const CommandRow& row) { return !row.hidden; });
  text += "\nFlags of every command:\n" + flags(global);
  text +=
      "\nFlags stand anywhere and end at --. Environment: KVS_SERVER, KVS_TIMEOUT and so on, and so for those of "
      "serve.\n";
  text += "kvs help COMMAND explains one.\n";
  return text;
}

std::string help(const CommandRow& command) {
  std::string text = headline(command) + "\n\n" + std::string(command.summary) + ".\n";
  if (!command.details.empty()) text += std::string(command.details) + "\n";
  if (!command.aliases.empty()) text += "Also: " + std::string(command.aliases) + "\n";
  std::string own = flags([&](const Option& option) { return own_flag(option, command.verb); });
  if (!own.empty()) text += "\nFlags:\n" + own;
  if (also_serves(command.verb)) text += "\nAnd every flag of serve (kvs help serve).\n";
  text += "\nFlags of every command:\n" + flags(global);
  if (command.verb == Verb::serve)
    text +=
        "\nEvery flag of serve is also a variable (KVS_DATA_DIR for --data-dir; lists separated by commas) and\n"
        "a line of the config file (data-dir = DIR).\n";
  text += "\nExamples:\n" + indented(command.examples);
  return text;
}

}  // namespace kvs
