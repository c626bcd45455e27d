// --help, made from the table of options.
#pragma once
#include <string>

#include "kvs/cmd/options.hpp"

namespace kvs {

// The commands and the flags all of them take.
std::string help();
// One command: what it does, its flags, examples.
std::string help(const CommandRow& command);

}  // namespace kvs
