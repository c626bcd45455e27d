// "Did you mean …?": the nearest of the names that would have been right.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace kvs {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest distance to `name`, if it is at most 2 and less than half the longer of the two;
// else "".
std::string_view closest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace kvs
