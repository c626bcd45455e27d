// Zeros: what the part of a segment that is not written yet holds.
#pragma once
#include <cstdint>
#include <string_view>

#include "kvs/store/file.hpp"

namespace kvs {

// The offset behind the last byte that is not zero.
std::size_t end_of_content(std::string_view bytes);

// Overwrites [from, to).
void write_zeros(File& file, std::uint64_t from, std::uint64_t to);

}  // namespace kvs
