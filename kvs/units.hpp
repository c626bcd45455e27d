// Durations, sizes and booleans as text: one grammar for query parameters, flags, environment and the config file.
//   duration := (number unit)+   unit := "ms" | "s" | "m" | "h" | "d"   number := digits ["." digits]
//   size     := digits ["KiB" | "MiB" | "GiB" | "TiB"]
//   boolean  := "1" | "true" | "0" | "false" | ""          (the bare name is true)
// Case matters, no spaces, no signs. Errors are errc::bad_parameter, and their text says what would be right; it does
// not name the parameter: the caller does.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"

namespace kvs {

inline constexpr std::chrono::milliseconds max_duration = std::chrono::hours{24 * 365 * 100};

// Units in falling order, each once ("1h30m"); rounded to the nearest millisecond; at most max_duration.
// A number without a unit is an error, also 0.
result<std::chrono::milliseconds> parse_duration(std::string_view text);
// The shortest text that parses to the same: "1h30m", "500ms", "0s".
std::string format_duration(std::chrono::milliseconds duration);

// Bytes; below 2^63.
result<std::uint64_t> parse_size(std::string_view text);
// The shortest exact text: "64KiB", "1000".
std::string format_size(std::uint64_t bytes);

result<bool> parse_boolean(std::string_view text);

// Decimal digits only, at most `max`.
result<std::uint64_t> parse_number(std::string_view text, std::uint64_t max = UINT64_MAX);

}  // namespace kvs
