#include "kvs/cmd/config_file.hpp"

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

#include "kvs/cmd/failure.hpp"
#include "kvs/suggest.hpp"

namespace kvs {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i)
    if (line[i] == '#' && (i == 0 || blanks.find(line[i - 1]) != std::string_view::npos)) return line.substr(0, i);
  return line;
}

UsageError unknown(const std::string& where, const std::string& name) {
  std::vector<std::string_view> names;
  for (const Option& option : all_options())
    if (option.reach == Reach::everywhere) names.push_back(option.name);
  std::string_view near = closest(name, names);
  return UsageError(where + ": no such setting: '" + name + "'",
                    near.empty() ? "kvs serve --help lists the settings" : "did you mean " + std::string(near) + "?");
}

const Option& setting_named(const std::string& where, const std::string& name) {
  const Option* option = find_option(name);
  if (!option) throw unknown(where, name);
  if (option->reach != Reach::everywhere)
    throw UsageError(where + ": '" + name + "' is a flag of the command line, not a setting");
  return *option;
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  void line(std::string_view raw) {
    where_ = file_ + ":" + std::to_string(++number_);
    std::string_view text = trimmed(without_comment(raw));
    if (text.empty()) return;
    if (text.front() == '[') return section(text);
    std::size_t equals = text.find('=');
    std::string name = section_ + std::string(trimmed(text.substr(0, equals)));
    if (equals == std::string_view::npos) return bare(name);
    add(setting_named(where_, name), std::string(trimmed(text.substr(equals + 1))));
  }

  std::vector<ConfigEntry> take() { return std::move(entries_); }

 private:
  void section(std::string_view text) {
    if (text.back() != ']') throw UsageError(where_ + ": a section is written [NAME]");
    std::string_view name = trimmed(text.substr(1, text.size() - 2));
    section_ = name.empty() ? std::string() : std::string(name) + "-";
  }

  void bare(const std::string& name) {
    const Option& option = setting_named(where_, name);
    if (option.kind != Kind::toggle) throw UsageError(where_ + ": " + name + " needs a value: " + name + " = ...");
    add(option, "true");
  }

  void add(const Option& option, std::string value) {
    std::string wrong = complaint(option, value);
    if (!wrong.empty()) throw UsageError(where_ + ": " + std::string(option.name) + ": " + wrong);
    for (const ConfigEntry& entry : entries_)
      if (entry.option == &option && !option.repeatable)
        throw UsageError(where_ + ": " + std::string(option.name) + " stands in " + entry.where + " already");
    entries_.push_back({&option, std::move(value), where_});
  }

  std::string file_;
  std::string where_;
  std::string section_;
  std::size_t number_ = 0;
  std::vector<ConfigEntry> entries_;
};

}  // namespace

std::vector<ConfigEntry> read_config(std::istream& input, const std::string& name) {
  Reader reader(name);
  for (std::string line; std::getline(input, line);) reader.line(line);
  if (input.bad()) throw UsageError("cannot read " + name);
  return reader.take();
}

std::vector<ConfigEntry> read_config_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    throw UsageError("cannot read " + file.string() + ": it is a directory");
  std::ifstream input(file);
  if (!input) throw UsageError("cannot read " + file.string() + ": " + std::generic_category().message(errno));
  return read_config(input, file.string());
}

}  // namespace kvs
