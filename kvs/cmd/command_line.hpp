// What stood on the command line, checked against the table of options.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "kvs/cmd/options.hpp"

namespace kvs {

struct CommandLine {
  const CommandRow* command = nullptr;  // null: none was given
  std::string group;                    // none was given, but the first word of one of two words
  std::vector<std::string> arguments;   // what stood there without a flag, after the command
  std::vector<std::string> program;     // what stood after "--", if the command runs one
  // By Option::name; at least one value each, more only for repeatable ones. A bare toggle is "true".
  std::map<std::string, std::vector<std::string>> flags;

  bool on(const std::string& toggle) const;
};

// `words` without the program's name. Flags stand anywhere, are never abbreviated and end at "--"; `--name value`,
// `--name=value`, `-n value`, `-n=value`, `-nvalue`, and letters of toggles in one word. A value is taken as it is,
// also if it begins with a dash. A flag given twice is an error unless it is repeatable, and so is one that does not go
// with the command. Throws UsageError.
CommandLine parse_command_line(const std::vector<std::string>& words);

// By name or alias. Throws UsageError with a suggestion.
const CommandRow& command_named(const std::string& name);

}  // namespace kvs
