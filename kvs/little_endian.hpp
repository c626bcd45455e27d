// Numbers as bytes, least significant first: the order of everything on disk and on the bus.
#pragma once
#include <boost/endian/conversion.hpp>
#include <cassert>
#include <concepts>
#include <cstring>
#include <string_view>

namespace kvs {

// Writes to memory that its caller made large enough.
class ByteWriter {
 public:
  explicit ByteWriter(char* at) : at_(at) {}

  template <std::integral Number>
  void put(Number value) {
    value = boost::endian::native_to_little(value);
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void put(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  char* at() const { return at_; }

 private:
  char* at_;
};

// Reads from bytes that its caller has checked to be enough: see left().
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  const char* at() const { return bytes_.data(); }

  template <std::integral Number>
  Number get() {
    assert(left() >= sizeof(Number));
    Number value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return boost::endian::little_to_native(value);
  }
  std::string_view get(std::size_t size) {
    assert(left() >= size);
    auto bytes = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return bytes;
  }

 private:
  std::string_view bytes_;
};

}  // namespace kvs
