// The bytes a connection has received and not yet handled.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace kvs {

// One buffer that grows up to what the caller asks for and is gone again when the connection idles. Views into it hold
// until room(), keep() or shrink().
class Inbox {
 public:
  std::string_view data() const { return {(lent_ ? lent_ : bytes_.get()) + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  // At least `least` free bytes after the data (all the free bytes there are). May move the data to the front or to a
  // larger buffer.
  std::span<char> room(std::size_t least) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (size_ - end_ < least) make_room(least);
    return {bytes_.get() + end_, size_ - end_};
  }
  void received(std::size_t count) { end_ += count; }

  // These bytes, in somebody else's memory, are the data from now on, until keep(). Only while it is empty.
  void lend(std::string_view bytes) {
    lent_ = bytes.data();
    begin_ = 0;
    end_ = bytes.size();
  }
  // Takes what is left of lent bytes into its own memory. Whether anything was.
  bool keep() {
    if (!lent_) return false;
    std::string_view left = data();
    lent_ = nullptr;
    begin_ = end_ = 0;
    if (left.empty()) return false;
    std::memcpy(room(left.size()).data(), left.data(), left.size());
    received(left.size());
    return true;
  }
  void consume(std::size_t count) { begin_ += count; }

  // Keeps the first `size` bytes of the data only.
  void truncate(std::size_t size) { end_ = begin_ + size; }

  // Gives its memory back if nothing is in it.
  void shrink() {
    if (!empty() || size_ == 0) return;
    bytes_.reset();
    begin_ = end_ = size_ = 0;
  }

 private:
  void make_room(std::size_t least) {
    std::size_t held = end_ - begin_;
    if (size_ - held >= least && begin_ > 0) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, held);
    } else {
      std::size_t larger = size_ == 0 ? first_size : size_;
      while (larger - held < least) larger *= 2;
      std::unique_ptr<char[]> bytes(new char[larger]);
      if (held != 0) std::memcpy(bytes.get(), bytes_.get() + begin_, held);
      bytes_ = std::move(bytes);
      size_ = larger;
    }
    begin_ = 0;
    end_ = held;
  }

  static constexpr std::size_t first_size = 8 * 1024;
  std::unique_ptr<char[]> bytes_;
  const char* lent_ = nullptr;  // null: the data is in bytes_
  std::size_t size_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace kvs
