// --help, made from the table of options.
#pragma once
#include <string>

#include "kvs/cmd/options.hpp"

namespace kvs {

// The commands and the flags all of them take.
std::string help();
// One command: what it does, its flags, examples.
std::string help(const CommandRow& command);
// The commands of two words that begin with this one.
std::string help_group(const std::string& word);

}  // namespace kvs
