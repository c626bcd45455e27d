// Numbers as bytes, least significant first: the order of everything on disk and on the bus.
#pragma once
#include <boost/endian/conversion.hpp>
#include <cassert>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
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

// Writes to the end of a string. A text is its size as one byte, and its bytes: at most 255 of them.
class ByteAppender {
 public:
  explicit ByteAppender(std::string& out) : out_(out) {}

  template <std::integral Number>
  void put(Number value) {
    value = boost::endian::native_to_little(value);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(std::string_view bytes) { out_.append(bytes); }
  void put_text(std::string_view text) {
    assert(text.size() <= UINT8_MAX);
    put(static_cast<std::uint8_t>(text.size()));
    put(text);
  }

 private:
  std::string& out_;
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

// Reads from bytes that may end anywhere: what is not there whole is zero or empty, and ok() is false from then on.
class CheckedReader {
 public:
  explicit CheckedReader(std::string_view bytes) : in_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && in_.left() == 0; }
  std::size_t left() const { return ok_ ? in_.left() : 0; }

  template <std::integral Number>
  Number get() {
    return has(sizeof(Number)) ? in_.get<Number>() : Number{0};
  }
  std::string_view get(std::size_t size) { return has(size) ? in_.get(size) : std::string_view(); }
  std::string_view get_text() { return get(get<std::uint8_t>()); }

 private:
  bool has(std::size_t size) { return ok_ = ok_ && size <= in_.left(); }

  ByteReader in_;
  bool ok_ = true;
};

}  // namespace kvs
