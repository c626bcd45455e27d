#include "kvs/cmd/context.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/options.hpp"
#include "kvs/cmd/private_file.hpp"
#include "kvs/suggest.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t longest_name = 64;

bool fit_for_a_name(std::string_view name) {
  auto fits = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !name.empty() && name.size() <= longest_name && name.front() != '.' && name.front() != '-' &&
         std::ranges::all_of(name, fits);
}

UsageError unknown(const std::string& name, const std::vector<std::string>& names) {
  std::vector<std::string_view> candidates(names.begin(), names.end());
  std::string_view near = closest(name, candidates);
  return UsageError("no such context: '" + name + "'",
                    near.empty() ? "kvs context ls lists them" : "did you mean " + std::string(near) + "?");
}

ContextValues parsed(const std::string& text, const std::string& file) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) throw UsageError(file + " is no context: it must hold a JSON object");
  ContextValues values;
  for (const auto& member : value.as_object()) {
    std::string name(member.key());
    const Option* option = find_option(name);
    if (!option || !option->in_context) throw UsageError(file + ": '" + name + "' does not belong into a context");
    if (!member.value().is_string()) throw UsageError(file + ": '" + name + "' is no string");
    values[name] = std::string(member.value().as_string());
    std::string wrong = complaint(*option, values[name]);
    if (!wrong.empty()) throw UsageError(file + ": " + name + ": " + wrong);
  }
  return values;
}

}  // namespace

fs::path Contexts::file(const std::string& name) const {
  if (directory_.empty()) throw UsageError("there is no place for contexts: neither XDG_CONFIG_HOME nor HOME is set");
  if (!fit_for_a_name(name))
    throw UsageError("'" + name + "' is no name for a context",
                     "1 to 64 letters, digits, dots, dashes and underscores, a letter, digit or underscore first");
  return directory_ / "contexts" / (name + ".json");
}

std::vector<std::string> Contexts::names() const {
  std::vector<std::string> found;
  if (directory_.empty()) return found;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_ / "contexts", none)) {
    std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".json" && fit_for_a_name(name)) found.push_back(name);
  }
  std::ranges::sort(found);
  return found;
}

ContextValues Contexts::read(const std::string& name) const {
  fs::path path = file(name);
  std::ifstream input(path, std::ios::binary);
  if (!input && errno != ENOENT) throw UsageError("cannot read " + path.string() + ": " + std::strerror(errno));
  if (!input) throw unknown(name, names());
  std::string text{std::istreambuf_iterator<char>(input), {}};
  return parsed(text, path.string());
}

void Contexts::add(const std::string& name, const ContextValues& values) const {
  fs::path path = file(name);
  std::error_code ignored;
  if (fs::exists(path, ignored))
    throw UsageError("there is a context '" + name + "' already", "kvs context rm " + name + " removes it");
  json::object object;
  for (const auto& [member, value] : values) object[member] = value;
  replace_private_file(path, json::serialize(object) + "\n");
}

void Contexts::remove(const std::string& name) const {
  std::error_code error;
  fs::path path = file(name);
  bool removed = fs::remove(path, error);
  if (error) throw UsageError("cannot remove " + path.string() + ": " + error.message());
  if (!removed) throw unknown(name, names());
  if (selected() == name) write_selection("", previous());
}

std::vector<std::string> Contexts::selection() const {
  std::vector<std::string> lines;
  if (directory_.empty()) return {"", ""};
  std::ifstream input(directory_ / "context");
  for (std::string line; lines.size() < 2 && std::getline(input, line);) lines.push_back(line);
  lines.resize(2);
  return lines;
}

std::string Contexts::selected() const { return selection()[0]; }
std::string Contexts::previous() const { return selection()[1]; }

void Contexts::select(const std::string& name) const {
  read(name);
  std::string before = selected();
  if (before != name) write_selection(name, before);
}

void Contexts::write_selection(const std::string& selected, const std::string& previous) const {
  replace_private_file(directory_ / "context", selected + "\n" + previous + "\n");
}

}  // namespace kvs
