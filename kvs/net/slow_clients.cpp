#include "kvs/net/slow_clients.hpp"

#include "kvs/log.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

void SlowClients::Part::hold(std::size_t bytes) {
  release();
  if (bytes <= free_share) return;
  beyond_ = bytes - free_share;
  all_.sum_ += beyond_;
  all_.parts_.push_back(*this);
  if (all_.sum_ > all_.most_) all_.cut_until_it_fits(*this);
}

void SlowClients::Part::release() {
  if (!is_linked()) return;
  unlink();
  all_.sum_ -= beyond_;
}

void SlowClients::cut_until_it_fits(const Part& spared) {
  while (sum_ > most_ && &parts_.front() != &spared) {
    Part& slowest = parts_.front();
    slowest.release();
    slowest.client_.cut();
  }
  if (to_say_.due())
    log::warn("slow clients hold too much memory: the slowest are cut", {{"bytes", std::uint64_t{sum_}}});
}

}  // namespace kvs
