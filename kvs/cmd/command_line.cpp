#include "kvs/cmd/command_line.hpp"

#include <boost/program_options.hpp>

#include "kvs/cmd/failure.hpp"
#include "kvs/suggest.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

namespace po = boost::program_options;

constexpr std::string_view after_dashes = "--";  // the token of an argument behind them

// Takes words off the front and says what they are. Program_options' own styles guess abbreviations, refuse `--name=`
// and take the word after a flag for another flag if it looks like one.
class Style {
 public:
  std::vector<po::option> operator()(std::vector<std::string>& words) {
    if (!flags_ended_ && words.front() == "--") {
      flags_ended_ = true;
      words.erase(words.begin());
    }
    if (words.empty()) return {};
    std::string word = take(words);
    if (flags_ended_ || word.size() < 2 || word[0] != '-') return {argument(word)};
    if (word[1] == '-') return {long_flag(word, words)};
    return letters(word, words);
  }

 private:
  static std::string take(std::vector<std::string>& words) {
    std::string word = std::move(words.front());
    words.erase(words.begin());
    return word;
  }

  po::option argument(const std::string& word) {
    po::option found;
    found.position_key = arguments_++;
    found.value.push_back(word);
    found.original_tokens.emplace_back(flags_ended_ ? after_dashes : "");
    return found;
  }

  static po::option flag(const Option& option, std::string value) {
    po::option found;
    found.string_key = std::string(option.name);
    found.original_tokens.push_back("--" + found.string_key);
    found.value.push_back(std::move(value));
    return found;
  }

  static std::string next_value(const Option& option, std::vector<std::string>& words) {
    if (option.kind == Kind::toggle) return "true";
    if (words.empty())
      throw UsageError("--" + std::string(option.name) + " needs a value (" + std::string(option.value) + ")");
    return take(words);
  }

  static po::option long_flag(const std::string& word, std::vector<std::string>& words) {
    std::size_t equals = word.find('=');
    std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Option* option = find_option(name);
    if (!option) throw unknown(name);
    if (equals != std::string::npos) return flag(*option, word.substr(equals + 1));
    return flag(*option, next_value(*option, words));
  }

  static std::vector<po::option> letters(const std::string& word, std::vector<std::string>& words) {
    std::vector<po::option> found;
    for (std::size_t i = 1; i < word.size(); ++i) {
      const Option* option = find_option(word[i]);
      if (!option) throw UsageError("unknown flag " + word, "a value that begins with a dash goes after --");
      std::string rest = word.substr(i + 1);
      bool takes_rest = !rest.empty() && (option->kind != Kind::toggle || rest[0] == '=');
      if (takes_rest && rest[0] == '=') rest.erase(0, 1);
      found.push_back(flag(*option, takes_rest ? rest : next_value(*option, words)));
      if (takes_rest || option->kind != Kind::toggle) break;
    }
    return found;
  }

  static UsageError unknown(const std::string& name) {
    std::vector<std::string_view> names;
    for (const Option& option : all_options()) names.push_back(option.name);
    std::string_view near = closest(name, names);
    return UsageError("unknown flag --" + name, near.empty() ? "" : "did you mean --" + std::string(near) + "?");
  }

  bool flags_ended_ = false;
  int arguments_ = 0;
};

po::options_description descriptions() {
  po::options_description all;
  for (const Option& option : all_options()) {
    std::string name(option.name);
    if (option.repeatable) {
      all.add_options()(name.c_str(), po::value<std::vector<std::string>>());
    } else {
      all.add_options()(name.c_str(), po::value<std::string>());
    }
  }
  return all;
}

void check_flag(const CommandLine& line, const std::string& name, const std::vector<std::string>& values) {
  const Option& option = *find_option(name);
  if (line.command && !goes_with(option, line.command->verb)) {
    std::string command(line.command->name);
    throw UsageError("kvs " + command + " has no flag --" + name, "kvs " + command + " --help lists its flags");
  }
  for (const std::string& value : values) {
    std::string wrong = complaint(option, value);
    std::string_view kind = option.value == "FILE" ? "file" : option.value == "DIR" ? "directory" : "";
    if (option.value == "URL") kind = "URL";
    if (value.empty() && !kind.empty()) wrong = "is empty: name a " + std::string(kind) + ", or leave it out";
    if (!wrong.empty()) throw UsageError("--" + name + ": " + wrong);
  }
}

void take_command(CommandLine& line, const std::string& word) {
  if (line.group.empty() && is_command_group(word)) {
    line.group = word;
    return;
  }
  line.command = &command_named(line.group.empty() ? word : line.group + " " + word);
  line.group.clear();
}

po::parsed_options parsed(const std::vector<std::string>& words, const po::options_description& all) {
  return po::command_line_parser(words).options(all).extra_style_parser(Style{}).run();
}

}  // namespace

const CommandRow& command_named(const std::string& name) {
  if (const CommandRow* row = find_command(name)) return *row;
  std::vector<std::string_view> names;
  for (const CommandRow& row : all_commands())
    if (!row.hidden) names.push_back(row.name);
  std::string_view near = closest(name, names);
  throw UsageError("no such command: '" + name + "'",
                   near.empty() ? "kvs help lists the commands" : "did you mean " + std::string(near) + "?");
}

bool CommandLine::on(const std::string& toggle) const {
  auto found = flags.find(toggle);
  return found != flags.end() && parse_boolean(found->second.back()).value();
}

CommandLine parse_command_line(const std::vector<std::string>& words) try {
  po::options_description all = descriptions();
  po::parsed_options found = parsed(words, all);
  po::variables_map only_once;
  po::store(found, only_once);  // throws for a flag given twice

  CommandLine line;
  for (const po::option& option : found.options) {
    if (!option.string_key.empty()) {
      line.flags[option.string_key].push_back(option.value.front());
    } else if (!line.command) {
      take_command(line, option.value.front());
    } else if (runs_program(*line.command) && option.original_tokens.front() == after_dashes) {
      line.program.push_back(option.value.front());
    } else {
      line.arguments.push_back(option.value.front());
    }
  }
  for (const auto& [name, values] : line.flags) check_flag(line, name, values);
  return line;
} catch (const po::multiple_occurrences& twice) {
  throw UsageError(twice.get_option_name() + " is given twice");
} catch (const po::error& wrong) {
  throw UsageError(wrong.what());
}

}  // namespace kvs
