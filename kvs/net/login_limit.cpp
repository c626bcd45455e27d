#include "kvs/net/login_limit.hpp"

#include <random>

namespace kvs {

namespace {

std::uint32_t second_of(Clock::time_point now) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

std::uint64_t mix(std::uint64_t x) {  // the finisher of MurmurHash3
  x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
  return x ^ x >> 33;
}

}  // namespace

LoginLimit::LoginLimit() {
  std::random_device device;
  seed_ = std::uint64_t{device()} << 32 | device();
}

std::size_t LoginLimit::index(const Origin& peer) const {
  Network network = network_of(peer);
  return mix(mix(network.address ^ seed_) + static_cast<std::uint64_t>(network.kind)) % counters;
}

void LoginLimit::failed(const Origin& peer, Clock::time_point now) {
  if (peer.kind == Origin::Kind::local) return;
  Counter& counter = counters_[index(peer)];
  std::uint64_t second = second_of(now);
  std::uint64_t seen = counter.load(std::memory_order_relaxed), next = 0;
  do {
    next = seen >> 32 == second ? seen + 1 : (second << 32 | 1);
  } while (!counter.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

bool LoginLimit::refuses(const Origin& peer, Clock::time_point now) const {
  if (peer.kind == Origin::Kind::local) return false;
  std::uint64_t seen = counters_[index(peer)].load(std::memory_order_relaxed);
  return seen >> 32 == second_of(now) && (seen & UINT32_MAX) >= most_failures;
}

}  // namespace kvs
