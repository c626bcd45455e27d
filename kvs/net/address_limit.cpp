#include "kvs/net/address_limit.hpp"

namespace kvs {

std::optional<AddressLimit::Place> AddressLimit::take(const Origin& peer, std::size_t most) {
  if (most == 0 || is_near(peer)) return Place{};
  Network network = network_of(peer);
  std::lock_guard lock(mutex_);
  std::size_t& count = connections_[network];
  if (count == most) return std::nullopt;
  ++count;
  return Place(*this, network);
}

void AddressLimit::leave(Network network) {
  std::lock_guard lock(mutex_);
  auto found = connections_.find(network);
  if (--found->second == 0) connections_.erase(found);
}

}  // namespace kvs
