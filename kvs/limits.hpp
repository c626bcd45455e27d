// Bounds that every transport and every bus shares. Flags move some of them; the numbers are the defaults.
#pragma once
#include <cstddef>

namespace kvs {

inline constexpr std::size_t max_key_size = 1024;
inline constexpr std::size_t default_max_value_size = 1024 * 1024;
inline constexpr std::size_t max_content_type_size = 255;

}  // namespace kvs
