#include "kvs/crc32c.hpp"

#include <array>
#include <boost/endian/conversion.hpp>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace kvs {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

using Table = std::array<std::uint32_t, 256>;

// tables[n][b]: what byte b followed by n zero bytes does to the checksum; eight of them take eight bytes in one step.
constexpr std::array<Table, 8> tables = [] {
  std::array<Table, 8> all{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    all[0][byte] = crc;
  }
  for (std::size_t n = 1; n < all.size(); ++n) {
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      all[n][byte] = (all[n - 1][byte] >> 8) ^ all[0][all[n - 1][byte] & 0xff];
    }
  }
  return all;
}();

std::uint64_t eight_bytes(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return boost::endian::little_to_native(word);
}

using Function = std::uint32_t (*)(std::string_view, std::uint32_t) noexcept;

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes, std::uint32_t before) noexcept {
  std::uint64_t crc = ~before;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  for (; end - at >= 8; at += 8) crc = _mm_crc32_u64(crc, eight_bytes(at));
  auto rest = static_cast<std::uint32_t>(crc);
  for (; at != end; ++at) rest = _mm_crc32_u8(rest, static_cast<std::uint8_t>(*at));
  return ~rest;
}

Function best() { return __builtin_cpu_supports("sse4.2") ? by_instruction : crc32c_by_table; }
#else
Function best() { return crc32c_by_table; }
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = eight_bytes(at) ^ crc;
    crc = 0;
    for (std::size_t n = 0; n < 8; ++n) crc ^= tables[7 - n][(word >> (8 * n)) & 0xff];
  }
  for (; at != end; ++at) crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) noexcept {
  static const Function function = best();
  return function(bytes, before);
}

}  // namespace kvs
