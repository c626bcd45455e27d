#include "kvs/net/held_states.hpp"

#include <algorithm>
#include <iterator>

#include "kvs/log.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

void HeldStates::Part::hold(const State& state, const State& newest) {
  release();
  weight_ = state.weight();
  auto next = all_.parts_.upper_bound(*this);
  auto older = next == all_.parts_.begin() ? all_.parts_.end() : std::prev(next);
  if (older != all_.parts_.end()) all_.sum_ -= all_.kept_until_next(older);
  auto at = all_.parts_.insert_before(next, *this);
  if (older != all_.parts_.end()) all_.sum_ += all_.kept_until_next(older);
  all_.sum_ += all_.kept_until_next(at);
  all_.own_ += weight_.own;
  all_.cut_until_it_fits(*this, newest);
}

void HeldStates::Part::release() {
  if (!is_linked()) return;
  auto at = Parts::s_iterator_to(*this);
  auto older = at == all_.parts_.begin() ? all_.parts_.end() : std::prev(at);
  all_.own_ -= weight_.own;
  all_.sum_ -= all_.kept_until_next(at);
  if (older != all_.parts_.end()) all_.sum_ -= all_.kept_until_next(older);
  unlink();
  if (older != all_.parts_.end()) all_.sum_ += all_.kept_until_next(older);
}

// 0 of the last one.
std::uint64_t HeldStates::kept_until_next(Parts::const_iterator part) const {
  auto next = std::next(part);
  return next == parts_.end() ? 0 : part->weight_.kept_until(next->weight_.replaced);
}

std::uint64_t HeldStates::kept(const State& newest) const {
  return parts_.empty() ? 0 : own_ + sum_ + parts_.rbegin()->weight_.kept_until(newest.weight().replaced);
}

void HeldStates::cut_until_it_fits(const Part& spared, const State& newest) {
  const StateWeight now_there = newest.weight();
  const std::uint64_t most = std::max(least_, now_there.footprint);
  const std::uint64_t before = kept(newest);
  if (before <= most || State::kept_in_memory() <= most) return;
  // One that is too much by itself is cut when another one comes to hold: to cut all others for it would not help.
  if (spared.weight_.own + spared.weight_.kept_until(now_there.replaced) > most) return;
  while (kept(newest) > most) {
    auto oldest = parts_.begin();
    if (&*oldest == &spared && ++oldest == parts_.end()) break;
    Part& cut = *oldest;
    cut.release();
    cut.client_.cut();
  }
  if (to_say_.due())
    log::warn("slow clients keep too many old states in memory: those of the oldest are cut", {{"bytes", before}});
}

}  // namespace kvs
