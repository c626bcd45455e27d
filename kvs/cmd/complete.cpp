#include "kvs/cmd/complete.hpp"

#include <algorithm>

namespace kvs {
namespace {

using More = Completion::More;

// "KEY", "VALUE", "-", "@FILE" of "KEY [VALUE | - | @FILE] [flags]": what each argument may be, in their order.
struct Argument {
  std::string_view what;  // as it stands in the synopsis, without brackets and dots
  bool repeats = false;
};

std::vector<Argument> arguments_of(std::string_view synopsis) {
  std::vector<Argument> found;
  while (!synopsis.empty()) {
    std::size_t end = synopsis.front() == '[' ? synopsis.find(']') + 1 : std::min(synopsis.find(' '), synopsis.size());
    std::string_view word = synopsis.substr(0, end);
    synopsis.remove_prefix(std::min(synopsis.size(), end + 1));
    if (word == "[flags]") continue;
    if (word.starts_with("--")) break;  // flags, or a program
    if (word.front() == '[') word = word.substr(1, word.size() - 2);
    bool repeats = word.ends_with("...");
    if (repeats) word.remove_suffix(3);
    found.push_back({word, repeats});
  }
  return found;
}

class Completer {
 public:
  explicit Completer(const std::vector<std::string>& words) : words_(words) {}

  Completion run() {
    for (std::size_t i = 0; i + 1 < words_.size(); ++i) before_cursor(words_[i]);
    at_cursor(words_.empty() ? std::string() : words_.back());
    return std::move(result_);
  }

 private:
  void before_cursor(const std::string& word) {
    if (waiting_) return keep_value(word);
    if (!flags_ended_ && word == "--") {
      flags_ended_ = true;
    } else if (!flags_ended_ && word.size() > 1 && word[0] == '-') {
      flag_before_cursor(word);
    } else if (command_) {
      ++arguments_;
    } else {
      take_command(word);
    }
  }

  void flag_before_cursor(const std::string& word) {
    std::size_t equals = word.find('=');
    bool spelled = word[1] == '-';
    const Option* option =
        spelled ? find_option(std::string_view(word).substr(2, equals - 2)) : find_option(word.back());
    if (!option || option->kind == Kind::toggle) return;
    waiting_ = option;
    if (spelled && equals != std::string::npos) keep_value(word.substr(equals + 1));
  }

  // Only what says which server to ask, and only if it is well-formed.
  void keep_value(const std::string& value) {
    if (global(*waiting_) && complaint(*waiting_, value).empty())
      result_.line.flags[std::string(waiting_->name)] = {value};
    waiting_ = nullptr;
  }

  void take_command(const std::string& word) {
    std::string name = group_.empty() ? word : group_ + " " + word;
    command_ = find_command(name);
    group_ = !command_ && is_command_group(name) ? name : "";
  }

  void at_cursor(const std::string& word) {
    std::size_t equals = word.find('=');
    if (waiting_) return value(*waiting_, "", word);
    if (flags_ended_ && command_) return runs_program(*command_) ? names("FILE", word) : argument(word);
    if (flags_ended_) return;
    if (word.starts_with("--") && equals != std::string::npos) {
      const Option* option = find_option(std::string_view(word).substr(2, equals - 2));
      if (option) value(*option, word.substr(0, equals + 1), word.substr(equals + 1));
    } else if (word.starts_with('-')) {
      flags(word);
    } else if (command_) {
      argument(word);
    } else {
      commands(word);
    }
  }

  void add(std::string text, const std::string& word, std::string_view description = {}) {
    if (text.starts_with(word)) result_.candidates.push_back({std::move(text), description});
  }

  void flags(const std::string& word) {
    for (const Option& option : all_options()) {
      bool fits = command_ ? goes_with(option, command_->verb) : global(option);
      if (fits) add("--" + std::string(option.name), word, option.help);
    }
  }

  void commands(const std::string& word) {
    std::string begin = group_.empty() ? "" : group_ + " ";
    std::string last;
    for (const CommandRow& row : all_commands()) {
      if (row.hidden || !row.name.starts_with(begin)) continue;
      std::string_view rest = row.name.substr(begin.size());
      std::string name(rest.substr(0, rest.find(' ')));
      bool of_group = name.size() < rest.size();
      if (name != last) add(name, word, of_group ? std::string_view{} : row.summary);
      last = name;
    }
  }

  void value(const Option& option, const std::string& glue, const std::string& word) {
    if (option.kind == Kind::choice || option.kind == Kind::choices) {
      // Of several only the last is at the cursor.
      std::string before = option.kind == Kind::choices ? word.substr(0, word.rfind(',') + 1) : "";
      for (std::string_view choice : choices(option.value)) add(glue + before + std::string(choice), glue + word);
    } else {
      names(option.value, word);
      result_.glue = glue;
    }
  }

  void argument(const std::string& word) {
    if (command_->verb == Verb::help) return commands(word);
    std::vector<Argument> all = arguments_of(command_->synopsis);
    bool beyond = arguments_ >= all.size();
    if (beyond && (all.empty() || !all.back().repeats)) return;
    std::string_view what = (beyond ? all.back() : all[arguments_]).what;
    bool choice = what.find('|') != std::string_view::npos && what.find(' ') == std::string_view::npos;
    if (choice) {
      for (std::string_view one : choices(what)) {
        add_choice(one, word);
      }
    } else if (what.find("@FILE") != std::string_view::npos && word.starts_with('@')) {
      names("FILE", word.substr(1));
      result_.glue = "@";
    } else {
      names(what.substr(0, what.find(' ')), word);
    }
  }

  void add_choice(std::string_view one, const std::string& word) {
    if (one == "CONTEXT")
      names(one, word);
    else
      add(std::string(one), word);
  }

  void names(std::string_view what, const std::string& word) {
    result_.begin = word;
    if (what == "KEY" || what == "PREFIX") result_.more = More::keys;
    if (what == "FILE") result_.more = More::files;
    if (what == "DIR") result_.more = More::directories;
    if (what == "CONTEXT") result_.more = More::contexts;
  }

  const std::vector<std::string>& words_;
  const CommandRow* command_ = nullptr;
  std::string group_;
  std::size_t arguments_ = 0;        // complete ones before the cursor
  const Option* waiting_ = nullptr;  // for its value
  bool flags_ended_ = false;
  Completion result_;
};

}  // namespace

Completion complete(const std::vector<std::string>& words) { return Completer(words).run(); }

}  // namespace kvs
