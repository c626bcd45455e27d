#include "kvs/net/slow_clients.hpp"

#include "kvs/log.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

namespace {

constexpr std::chrono::seconds say_every{10};  // an attack shall not fill the log

}  // namespace

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
  auto now = Clock::now();
  if (said_ != Clock::time_point{} && now - said_ < say_every) return;
  said_ = now;
  log::warn("slow clients hold too much memory: the slowest are cut", {{"bytes", std::uint64_t{sum_}}});
}

}  // namespace kvs
