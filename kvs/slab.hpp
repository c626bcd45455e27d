// Memory for what the data set consists of: records and tree nodes, millions of small objects of few sizes.
//
// What malloc takes beyond the object itself (8 bytes of header, 4 more of rounding, holes that fit nothing) is an
// eighth of the memory of a small key, and with pages of 4 KiB every step of a lookup misses the TLB too. So: one size,
// one place, no headers, large pages where the kernel gives them on request.
#pragma once
#include <cstddef>
#include <new>

namespace kvs::slab {

inline constexpr std::size_t largest = 1024;  // bytes; whatever is larger comes from operator new

// As operator new and delete, but the size has to be told again. Any thread may free what another one got. Aligned to
// 8 bytes. The memory of what was freed is used again for objects of any size once a span (64 KiB) of it is free, and
// given back to the system when many spans are.
void* allocate(std::size_t size);  // throws std::bad_alloc
void deallocate(void* memory, std::size_t size) noexcept;

// Bytes of address space taken from the system for all this. It never shrinks; what was given back is counted too.
std::size_t reserved_bytes();

}  // namespace kvs::slab

namespace kvs {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
inline constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool sanitized = false;
#endif

// What records and nodes call: a slab, or operator new for the sanitizers, which can only watch what they know.
inline void* allocate_small(std::size_t size) {
  if constexpr (sanitized) return ::operator new(size);
  return slab::allocate(size);
}

inline void deallocate_small(void* memory, std::size_t size) noexcept {
  if constexpr (sanitized) return ::operator delete(memory);
  slab::deallocate(memory, size);
}

}  // namespace kvs
