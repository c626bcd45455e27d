// The config file.
//
// file    := line*
// line    := blank | "#" anything | "[" section "]" | name [ "=" value ]      with white space anywhere between
// value   := to the end of the line, or to a "#" after white space
// In a section [kafka] the name `topic` means `kafka-topic`. A bare name is a toggle that is on.
#pragma once
#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "kvs/cmd/options.hpp"

namespace kvs {

struct ConfigEntry {
  const Option* option;
  std::string value;
  std::string where;  // "FILE:LINE"
};

// In the file's order; every value has been checked. Throws UsageError that names file and line: a name that is no
// setting (with a suggestion), a value the option does not take, a name given twice that is not repeatable.
std::vector<ConfigEntry> read_config(std::istream& input, const std::string& name);
std::vector<ConfigEntry> read_config_file(const std::filesystem::path& file);

}  // namespace kvs
