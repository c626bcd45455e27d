#pragma once

#include <cstdint>
#include <string>

namespace kvs::load {

inline constexpr std::size_t kKeySize = 16;

// The keys to ask for, each of 16 bytes: `key:` and twelve digits.
class Keys {
 public:
  Keys(std::uint64_t count, bool sequential) : count_(count), sequential_(sequential) {}

  void append_next(std::string& out) {
    char text[kKeySize + 1] = "key:000000000000";
    std::uint64_t number = sequential_ ? next_++ % count_ : random() % count_;
    for (std::size_t at = kKeySize; number != 0; number /= 10) text[--at] = static_cast<char>('0' + number % 10);
    out.append(text, kKeySize);
  }

  // True once in `times`, every time anew.
  bool one_in(std::uint64_t times) { return ++asked_ % times == 0; }

 private:
  std::uint64_t random() {  // xorshift64*: every run asks for the same keys
    next_ ^= next_ >> 12;
    next_ ^= next_ << 25;
    next_ ^= next_ >> 27;
    return (next_ * 0x2545f4914f6cdd1dULL) >> 16;
  }

  std::uint64_t count_;
  bool sequential_;
  std::uint64_t asked_ = 0;
  std::uint64_t next_ = sequential_ ? 0 : 0x9e3779b97f4a7c15ULL;
};

}  // namespace kvs::load
