// CRC-32C (Castagnoli, RFC 3720 appendix B.4): what every block of bytes on disk is checked with.
#pragma once
#include <cstdint>
#include <string_view>

namespace kvs {

// The checksum of `bytes`; with `before`, the checksum of some earlier bytes, that of both one after the other.
// Uses the processor's instruction where there is one (about 8 GB/s), else a table. Any thread.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;

// The table alone: what crc32c() falls back to; the same result everywhere.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace kvs
