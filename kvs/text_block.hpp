// Puts many small pieces of text together on the stack and appends them to a string in one go: what an answer's head
// and a record's tail are made of costs a copy each, not a call each.
#pragma once
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kvs {

// Appends to `out` when full, at flush() and at its end; until then `out` lacks the last pieces.
class TextBlock {
 public:
  explicit TextBlock(std::string& out) : out_(out) {}
  TextBlock(const TextBlock&) = delete;
  TextBlock& operator=(const TextBlock&) = delete;
  ~TextBlock() { flush(); }

  // Pieces of any size; large ones go straight to the string.
  TextBlock& operator<<(std::string_view text) {
    if (text.size() > room()) return put_large(text);
    if (text.empty()) return *this;  // a view of nothing may have no address, which memcpy must not be given
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  TextBlock& operator<<(char c) {
    if (room() == 0) flush();
    *at_++ = c;
    return *this;
  }
  TextBlock& operator<<(std::uint64_t number) {
    if (room() < 20) flush();
    at_ = std::to_chars(at_, at_ + 20, number).ptr;
    return *this;
  }
  // `size` bytes to be written by the caller (at most 64).
  char* take(std::size_t size) {
    if (room() < size) flush();
    char* place = at_;
    at_ += size;
    return place;
  }
  void flush() {
    out_.append(block_, static_cast<std::size_t>(at_ - block_));
    at_ = block_;
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(block_ + sizeof block_ - at_); }
  TextBlock& put_large(std::string_view text) {
    flush();
    if (text.size() > sizeof block_ / 2) {
      out_.append(text);
    } else {
      std::memcpy(at_, text.data(), text.size());
      at_ += text.size();
    }
    return *this;
  }

  std::string& out_;
  char block_[512];
  char* at_ = block_;
};

}  // namespace kvs
