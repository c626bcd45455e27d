#include "kvs/cmd/exec_environment.hpp"

namespace kvs {
namespace {

constexpr std::size_t longest_string = 128 * 1024 - 1;  // Linux: MAX_ARG_STRLEN, with the closing zero

char fit(char c, bool upcase) {
  bool lower = c >= 'a' && c <= 'z';
  if (lower) return upcase ? static_cast<char>(c - 'a' + 'A') : c;
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
}

}  // namespace

std::string variable_name(std::string_view key, const Naming& naming) {
  std::size_t strip = 0;
  for (const std::string& prefix : naming.prefixes)
    if (naming.strip && prefix.size() > strip && key.starts_with(prefix)) strip = prefix.size();
  std::string name;
  for (char c : key.substr(strip)) name += fit(c, naming.upcase);
  if (!name.empty() && name.front() >= '0' && name.front() <= '9') name.insert(name.begin(), '_');
  return name;
}

Variables environment_with(Variables base, const std::map<std::string, std::string>& keys, const Naming& naming,
                           std::vector<std::string>& notes) {
  std::map<std::string, std::string> from;  // which key a variable is of
  for (const auto& [key, value] : keys) {
    std::string name = variable_name(key, naming);
    std::string why;
    if (name.empty()) why = "nothing is left of its name";
    if (value.find('\0') != std::string::npos) why = "its value holds a NUL";
    if (name.size() + 1 + value.size() > longest_string) why = "its value is over 128 KiB";
    if (why.empty() && from.contains(name)) why = name + " is " + from[name] + " already";
    if (!why.empty()) {
      notes.push_back("left out " + key + ": " + why);
      continue;
    }
    from[name] = key;
    base[name] = value;
  }
  return base;
}

}  // namespace kvs
