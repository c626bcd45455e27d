#include "kvs/cmd/settings.hpp"

#include <array>

#include "kvs/cmd/config_file.hpp"
#include "kvs/cmd/context.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

// Files with secrets that the service manager hands over under the names of these settings (systemd.exec(5),
// CREDENTIALS).
constexpr std::array<std::string_view, 9> secret_files{"token-file",        "cacert",    "cert",     "key-file",
                                                       "kafka-config-file", "auth-file", "tls-cert", "tls-key",
                                                       "tls-client-ca"};

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma; (comma = text.find(',', begin)) != std::string::npos; begin = comma + 1)
    parts.push_back(text.substr(begin, comma - begin));
  parts.push_back(text.substr(begin));
  return parts;
}

// Those that are about contexts themselves must also work when a file of one is broken, and a server is no client.
bool uses_contexts(Verb verb) {
  switch (verb) {
    case Verb::serve:
    case Verb::complete_words:
    case Verb::context_add:
    case Verb::context_list:
    case Verb::context_show:
    case Verb::context_select:
    case Verb::context_remove:
      return false;
    default:
      return true;
  }
}

}  // namespace

// First come first served: emplace() leaves alone what is there, so the order of the sources is their precedence.
Settings::Settings(CommandLine line, const Environment& environment)
    : line_(std::move(line)), environment_(environment) {
  add_flags();
  add_environment();
  add_context();
  add_file();
  add_credentials();
}

void Settings::add_flags() {
  for (auto& [name, values] : line_.flags) values_.emplace(name, Value{Source::flag, values, "--" + name});
}

void Settings::add_environment() {
  for (const Option& option : all_options()) {
    if (option.reach == Reach::flag || !goes_with(option, verb())) continue;
    std::string name = environment_name(option);
    std::string text = variable(name.c_str());
    if (text.empty()) continue;
    std::vector<std::string> values = option.repeatable ? split_commas(text) : std::vector<std::string>{text};
    for (const std::string& value : values) {
      std::string wrong = complaint(option, value);
      if (!wrong.empty()) throw UsageError(name + ": " + wrong);
    }
    values_.emplace(std::string(option.name), Value{Source::environment, std::move(values), name});
  }
}

std::filesystem::path Settings::user_directory() const {
  std::string base = variable("XDG_CONFIG_HOME");
  if (!base.empty()) return std::filesystem::path(base) / "kvs";
  std::string home = variable("HOME");
  return home.empty() ? std::filesystem::path() : std::filesystem::path(home) / ".config" / "kvs";
}

// What names a server more closely wins. Empty: none.
std::string Settings::wanted_context() const {
  Source server = source("server");
  Source context = source("context");
  if (server == Source::flag && context == Source::flag) throw UsageError("give --server or --context, not both");
  if (server == Source::flag || (server == Source::environment && context != Source::flag)) return {};
  return context == Source::fallback ? Contexts(user_directory()).selected() : text("context");
}

// All of a context or nothing of it: one server's secrets must not go to another.
void Settings::add_context() {
  if (!uses_contexts(verb())) return;
  std::string name = wanted_context();
  if (name.empty()) return;
  in_context_ = true;
  for (const Option& option : all_options()) {
    std::string member(option.name);
    if (option.in_context && source(member) == Source::environment) values_.erase(member);
  }
  for (auto& [member, value] : Contexts(user_directory()).read(name))
    values_.emplace(member, Value{Source::context, {value}, "context " + name + ": " + member});
}

void Settings::add_file() {
  std::string file = text("config");
  if (file.empty()) return;
  std::map<std::string, Value, std::less<>> found;
  for (ConfigEntry& entry : read_config_file(file)) {
    if (in_context_ && entry.option->in_context) continue;
    std::string name(entry.option->name);
    Value& value = found.emplace(name, Value{Source::file, {}, entry.where + ": " + name}).first->second;
    value.values.push_back(std::move(entry.value));
  }
  values_.merge(found);
}

void Settings::add_credentials() {
  std::string directory = variable("CREDENTIALS_DIRECTORY");
  if (directory.empty()) return;
  for (std::string_view name : secret_files) {
    const Option& option = *find_option(name);
    if (!goes_with(option, verb()) || (option.in_context && in_context_)) continue;
    std::string path = directory + '/' + std::string(name);
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored))
      values_.emplace(std::string(name), Value{Source::credential, {path}, "CREDENTIALS_DIRECTORY"});
  }
}

const Settings::Value* Settings::find(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

Settings Settings::with(std::string_view name, std::string value) const {
  Settings changed = *this;
  changed.values_.insert_or_assign(std::string(name),
                                   Value{Source::flag, {std::move(value)}, "--" + std::string(name)});
  return changed;
}

Source Settings::source(std::string_view name) const {
  const Value* value = find(name);
  return value ? value->source : Source::fallback;
}

bool Settings::on(std::string_view toggle) const { return given(toggle) && parse_boolean(text(toggle)).value(); }

std::string Settings::text(std::string_view name) const {
  const Value* value = find(name);
  return value ? value->values.back() : std::string(find_option(name)->fallback);
}

std::vector<std::string> Settings::list(std::string_view name) const {
  if (const Value* value = find(name)) return value->values;
  std::string fallback(find_option(name)->fallback);
  return fallback.empty() ? std::vector<std::string>{} : std::vector<std::string>{fallback};
}

std::uint64_t Settings::number(std::string_view name) const { return parse_number(text(name)).value(); }
std::uint64_t Settings::size(std::string_view name) const { return parse_size(text(name)).value(); }

std::chrono::milliseconds Settings::duration(std::string_view name) const { return parse_duration(text(name)).value(); }

std::string Settings::variable(const char* name) const {
  const char* text = environment_ ? environment_(name) : nullptr;
  return text ? text : "";
}

std::string Settings::place(std::string_view name) const {
  const Value* value = find(name);
  return value ? value->where : "--" + std::string(name);
}

UsageError Settings::wrong(std::string_view name, const std::string& message) const {
  return UsageError(place(name) + ": " + message);
}

}  // namespace kvs
