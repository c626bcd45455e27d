// How many connections each address has, so that one of them can't take the places of all.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "kvs/origin.hpp"

namespace kvs {

// Any thread. Must outlive its places. An entry for each address that has a connection, so the number of connections
// bounds its memory. Loopback and local sockets are not counted: whoever is there shares the machine anyway, and a
// proxy before the server is one address for everybody.
class AddressLimit {
 public:
  // One connection's; given back when it is destroyed.
  class Place {
   public:
    Place() = default;  // of an address that is not counted
    Place(Place&& other) noexcept : all_(std::exchange(other.all_, nullptr)), network_(other.network_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(all_, other.all_);
      std::swap(network_, other.network_);
      return *this;
    }
    ~Place() {
      if (all_) all_->leave(network_);
    }

   private:
    friend class AddressLimit;
    Place(AddressLimit& all, Network network) : all_(&all), network_(network) {}
    AddressLimit* all_ = nullptr;
    Network network_{};
  };

  // Nothing: its network has `most` already (0: no limit).
  std::optional<Place> take(const Origin& peer, std::size_t most);

 private:
  void leave(Network network);

  std::mutex mutex_;
  std::map<Network, std::size_t> connections_;  // none is 0; a tree, which nobody can make slow by choosing addresses
};

}  // namespace kvs
