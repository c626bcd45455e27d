// Asks for memory before it is needed, so that the wait for it is over by then. Only speed depends on it.
#pragma once
#include <cstddef>

namespace kvs {

// All of these bytes. They need not exist any more.
inline void prefetch(const void* begin, std::size_t size) {
  constexpr std::size_t line = 64;
  for (std::size_t offset = 0; offset < size; offset += line)
    __builtin_prefetch(static_cast<const char*>(begin) + offset);
}

}  // namespace kvs
