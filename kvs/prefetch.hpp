// Asks for memory before it is needed, so that the wait for it is over by then. Only speed depends on it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace kvs {

// All of these bytes. They need not exist any more.
inline void prefetch(const void* begin, std::size_t size) {
  constexpr std::uintptr_t line = 64;
  auto at = reinterpret_cast<std::uintptr_t>(begin);
  for (std::uintptr_t each = at / line * line; each < at + size; each += line)
    __builtin_prefetch(reinterpret_cast<const void*>(each));
}

}  // namespace kvs
