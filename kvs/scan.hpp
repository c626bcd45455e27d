// Eight bytes at a time: which of them are special? Each test gives a word whose lowest marked byte is exact; marks
// above the first one may be false (a borrow), so only the first counts.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

namespace kvs::scan {

inline constexpr std::uint64_t ones = 0x0101010101010101;
inline constexpr std::uint64_t high_bits = 0x8080808080808080;

// The first byte in memory is the lowest of the word, on every machine.
inline std::uint64_t load(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

// Bytes below `limit` (at most 0x80); bytes from 0x80 on are not marked.
inline std::uint64_t below(std::uint64_t word, unsigned char limit) {
  return (word - ones * limit) & ~word & high_bits;
}
inline std::uint64_t equal(std::uint64_t word, unsigned char byte) { return below(word ^ ones * byte, 1); }
inline std::uint64_t non_ascii(std::uint64_t word) { return word & high_bits; }

// Index of the first marked byte; `marks` must not be 0.
inline int first(std::uint64_t marks) { return std::countr_zero(marks) / 8; }

}  // namespace kvs::scan
