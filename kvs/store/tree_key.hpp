// What the nodes of the state's tree know about keys: common prefixes, eight-byte heads, short separators.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kvs::tree {

// Bytes that both begin with.
inline std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t both = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(both), b.begin()).first - a.begin());
}

inline std::uint64_t load_big_endian(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return __builtin_bswap64(word);
}

// The eight bytes of `key` from `skip` on as a number, zeros where the key has ended. Of two keys equal up to `skip`
// the one with the smaller head is the smaller; equal heads say nothing ("a" and "a\0" have the same). Needs key.size()
// >= skip.
inline std::uint64_t head_of(std::string_view key, std::size_t skip) {
  const std::size_t rest = key.size() - skip;
  if (rest >= 8) return load_big_endian(key.data() + skip);
  if (rest == 0) return 0;
  // Read back from the end where that stays inside the key: no loop, and the shift drops what is not ours.
  if (key.size() >= 8) return load_big_endian(key.data() + key.size() - 8) << (8 * (8 - rest));
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < rest; ++i)
    head |= std::uint64_t{static_cast<unsigned char>(key[skip + i])} << (56 - 8 * i);
  return head;
}

// Where `key` stands relative to all strings that begin with `prefix`: negative before, positive behind, 0 among them.
inline int compare_to_prefix(std::string_view key, std::string_view prefix) {
  if (key.size() >= prefix.size()) return std::memcmp(key.data(), prefix.data(), prefix.size());
  const int order = std::memcmp(key.data(), prefix.data(), key.size());
  return order != 0 ? order : -1;
}

// The shortest string s with left < s <= right; a beginning of `right`. Needs left < right.
inline std::string_view separator_between(std::string_view left, std::string_view right) {
  return right.substr(0, common_prefix(left, right) + 1);
}

}  // namespace kvs::tree
