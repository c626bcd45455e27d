// Keys as variables of an environment: what kvs exec gives its program.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/cmd/child.hpp"

namespace kvs {

struct Naming {
  std::vector<std::string> prefixes;
  bool strip = false;
  bool upcase = false;
};

// "app/db-host" with the prefix "app/" stripped, in capitals: "DB_HOST". What is no letter, digit or underscore becomes
// an underscore, and a digit at the beginning gets one before it. Empty if nothing is left.
std::string variable_name(std::string_view key, const Naming& naming);

// `keys` added to `base`, over what is there. Each one left out (a NUL in the value, a value the system does not take,
// a name that is empty or another key's, too) is a line in `notes`.
Variables environment_with(Variables base, const std::map<std::string, std::string>& keys, const Naming& naming,
                           std::vector<std::string>& notes);

}  // namespace kvs
