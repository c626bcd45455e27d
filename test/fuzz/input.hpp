// The bytes of an input as what a fuzz test wants to be told; and what it demands.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "kvs/little_endian.hpp"

namespace kvs::test {

// assert() is for the code under test: this stays, whatever NDEBUG says.
inline void require(bool holds, std::source_location where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: this must hold\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

// What is not there any more is 0, or empty.
class Input {
 public:
  explicit Input(std::string_view bytes) : in_(bytes) {}
  Input(const std::uint8_t* data, std::size_t size) : in_({reinterpret_cast<const char*>(data), size}) {}

  bool empty() const { return in_.left() == 0; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : in_.get<std::uint8_t>(); }
  std::uint16_t two_bytes() { return static_cast<std::uint16_t>(byte() | byte() << 8); }
  // One of the numbers below `bound`, which is at most 256.
  unsigned below(unsigned bound) { return byte() % bound; }
  std::string_view take(std::size_t wanted) { return in_.get(std::min(wanted, in_.left())); }
  std::string_view rest() { return take(in_.left()); }

 private:
  ByteReader in_;
};

// Bytes in a block of their own, so that one read beyond their end is seen.
class OwnBlock {
 public:
  explicit OwnBlock(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace kvs::test
