// Compares this instance's state with what the others say of theirs, at places of the order that all of them pass.
#pragma once
#include <cstdint>
#include <deque>
#include <stdexcept>

#include "kvs/command.hpp"

namespace kvs {

// This instance holds something else than another one at the same place: a fault in one of them, which no retry mends.
class Diverged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One thread, the writer's.
class DigestCheck {
 public:
  // Every `every` commands this instance says its digest; 0: never.
  explicit DigestCheck(std::uint64_t every) : every_(every) {}

  // A digest command came by: remembers `digest`, that of everything before it, and compares what the command claims of
  // an earlier place with what was remembered for it. Throws Diverged.
  void passed(Revision place, std::uint64_t digest, const DigestClaim& claim);
  // So many commands came by.
  void count(std::uint64_t commands) { since_ += commands; }

  // Whether this instance is to say its digest now.
  bool due() const { return every_ != 0 && since_ >= every_; }
  // What it says; the count begins anew.
  DigestClaim claim();

 private:
  struct Remembered {
    Revision at;
    std::uint64_t digest;
  };
  static constexpr std::size_t most_remembered = 1024;  // an older claim than that is not compared

  std::uint64_t every_;
  std::uint64_t since_ = 0;
  std::deque<Remembered> remembered_;  // by place
};

}  // namespace kvs
