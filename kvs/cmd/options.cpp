#include "kvs/cmd/options.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "kvs/position.hpp"
#include "kvs/suggest.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

bool has_word(std::string_view words, char separator, std::string_view word) {
  while (!words.empty()) {
    std::size_t end = std::min(words.find(separator), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

bool is_placeholder(std::string_view word) { return word == "DURATION" || word == "INTERVAL"; }

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string duration_complaint(std::string_view text) {
  if (parse_duration(text)) return {};
  std::string message = quoted(text) + " is no duration (500ms, 30s, 1h30m)";
  return parse_duration(std::string(text) + "s") ? message + ": did you mean " + std::string(text) + "s?" : message;
}

std::string choice_complaint(const Option& option, std::string_view text) {
  std::vector<std::string_view> words = choices(option.value);
  for (std::string_view word : words)
    if (is_placeholder(word) ? parse_duration(text).has_value() : word == text) return {};
  bool duration = std::ranges::any_of(words, is_placeholder);
  if (duration && !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos)
    return duration_complaint(text);  // its unit was forgotten
  std::string message =
      quoted(text) + " is none of " + std::string(option.value) + (duration ? " (500ms, 30s, 1h30m)" : "");
  std::string_view near = closest(text, words);
  return near.empty() || is_placeholder(near) ? message : message + ": did you mean " + std::string(near) + "?";
}

std::string choices_complaint(const Option& option, std::string_view text) {
  while (true) {
    std::size_t end = std::min(text.find(','), text.size());
    std::string wrong = choice_complaint(option, text.substr(0, end));
    if (!wrong.empty() || end == text.size()) return wrong;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

const CommandRow* find_command(std::string_view name) {
  for (const CommandRow& row : all_commands())
    if (row.name == name || has_word(row.aliases, ' ', name)) return &row;
  return nullptr;
}

const CommandRow& command_row(Verb verb) {
  return *std::ranges::find_if(all_commands(), [&](const CommandRow& row) { return row.verb == verb; });
}

bool runs_program(const CommandRow& command) { return command.synopsis.find("-- CMD") != std::string_view::npos; }

bool is_command_group(std::string_view word) {
  return !word.empty() && std::ranges::any_of(all_commands(), [&](const CommandRow& row) {
    return row.name.size() > word.size() && row.name.starts_with(word) && row.name[word.size()] == ' ';
  });
}

const Option* find_option(std::string_view name) {
  if (name == "server-address") name = "server";
  auto found = std::ranges::find_if(all_options(), [&](const Option& option) { return option.name == name; });
  return found == all_options().end() ? nullptr : &*found;
}

const Option* find_option(char letter) {
  auto found = std::ranges::find_if(
      all_options(), [&](const Option& option) { return option.letter != 0 && option.letter == letter; });
  return found == all_options().end() ? nullptr : &*found;
}

std::vector<std::string_view> choices(std::string_view words) {
  std::vector<std::string_view> list;
  while (!words.empty()) {
    std::size_t end = std::min(words.find('|'), words.size());
    list.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return list;
}

std::string environment_name(const Option& option) {
  std::string name = "KVS_";
  for (unsigned char c : option.name) name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

std::string complaint(const Option& option, std::string_view text) {
  switch (option.kind) {
    case Kind::toggle:
      return parse_boolean(text) ? "" : quoted(text) + " is none of true, false, 1, 0";
    case Kind::text:
      return {};
    case Kind::choice:
      return choice_complaint(option, text);
    case Kind::choices:
      return choices_complaint(option, text);
    case Kind::number:
      if (parse_number(text, option.most)) return {};
      return quoted(text) + " is no number from 0 to " + std::to_string(option.most);
    case Kind::duration:
      return duration_complaint(text);
    case Kind::size:
      return parse_size(text) ? "" : quoted(text) + " is no size (4096, 64KiB, 1MiB)";
    case Kind::position:
      return parse_position(text) ? "" : quoted(text) + " is no revision (42 or 42@LOGID)";
  }
  return {};
}

}  // namespace kvs
