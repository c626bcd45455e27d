// Who guesses tokens is slowed down: after ten failures within a second, an address is refused for the rest of it.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "kvs/origin.hpp"
#include "kvs/timeouts.hpp"

namespace kvs {

// Any thread, no locks, bounded memory: addresses share 4,096 counters (an IPv6 address counts as its /64), by a hash
// that outsiders can't foresee. Local sockets are not counted: a file's mode keeps strangers out there.
class LoginLimit {
 public:
  static constexpr std::uint32_t most_failures = 10;  // of one address within a second

  LoginLimit();
  void failed(const Origin& peer, Clock::time_point now);
  bool refuses(const Origin& peer, Clock::time_point now) const;

 private:
  static constexpr std::size_t counters = 4096;
  // The second it counts for in the upper half, the failures in the lower.
  using Counter = std::atomic<std::uint64_t>;
  std::size_t index(const Origin& peer) const;

  std::uint64_t seed_;
  std::array<Counter, counters> counters_{};
};

}  // namespace kvs
