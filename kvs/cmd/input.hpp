// What a command reads: standard input or a file.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kvs {

// Everything there is. Throws Failure.
std::string read_stdin();
std::string read_file(const std::string& name);

// The file named, or standard input for "-" or nothing; if that is a terminal, nobody is made to type: throws
// UsageError with `usage` as its hint.
std::string read_input(const std::string& name, const std::string& usage);
// The same piece by piece, with how much there is in all (0: not known).
using TakeInput = std::function<void(std::string_view piece, std::uint64_t all)>;
void read_input_pieces(const std::string& name, const std::string& usage, const TakeInput& take);

}  // namespace kvs
