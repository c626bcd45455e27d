#include "kvs/store/past.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>

#include "kvs/store/judge.hpp"

namespace kvs {

void Past::start(const State& state) {
  std::lock_guard lock(mutex_);
  roots_.assign(1, state);
}

// Those pinned states, for the caller to free after the lock.
template <class Goes>
std::vector<Past::Pinned> Past::take_out(Goes goes) {
  std::vector<Pinned> taken;
  std::erase_if(pinned_, [&](Pinned& pinned) {
    if (!goes(pinned)) return false;
    taken.push_back(std::move(pinned));
    return true;
  });
  return taken;
}

void Past::note(const Commit& commit, const State& state, Revision oldest, Clock::time_point now, bool keep) {
  std::deque<State> dropped;  // freed after the lock
  std::vector<Pinned> late;   // likewise; nobody may pin another one for a long time, and what is changed adds to them
  std::lock_guard lock(mutex_);
  late = take_out([now](const Pinned& pinned) { return pinned.until < now; });
  for (const Change& change : commit.changes()) since_ += change.record->footprint();  // about what the journal takes
  if (keep || since_ >= spacing_ || roots_.back().revision() < oldest) {
    roots_.push_back(state);
    since_ = 0;
  }
  dropped = drop_roots(oldest);
}

void Past::forget(const State& newest, Revision oldest) {
  std::deque<State> dropped;  // freed after the lock
  std::lock_guard lock(mutex_);
  if (roots_.back().revision() < oldest) {
    roots_.push_back(newest);
    since_ = 0;
  }
  dropped = drop_roots(oldest);
}

std::deque<State> Past::drop_roots(Revision oldest) {
  std::deque<State> dropped;
  while (roots_.size() > 1 && roots_.front().revision() < oldest) {
    dropped.push_back(std::move(roots_.front()));
    roots_.pop_front();
  }
  return dropped;
}

std::optional<Past::Found> Past::before(Revision revision) const {
  std::lock_guard lock(mutex_);
  std::optional<Found> found;
  auto root = std::ranges::upper_bound(roots_, revision, {}, &State::revision);
  if (root != roots_.begin()) found = Found{*std::prev(root), std::prev(root)->revision() == revision};
  for (const Pinned& pinned : pinned_) {
    // Only as it is: a state that was made here is nothing to go on from (each would hold the one before).
    if (pinned.state.revision() <= revision && pinned.as_of >= revision) return Found{pinned.state, true, pinned.made};
  }
  return found;
}

Revision Past::oldest() const {
  std::lock_guard lock(mutex_);
  return roots_.empty() ? no_revision : roots_.front().revision();
}

void Past::pin(const State& state, Revision revision, Clock::time_point now, bool made) {
  std::vector<Pinned> dropped;
  std::lock_guard lock(mutex_);
  dropped = take_out([&](const Pinned& pinned) {
    if (pinned.as_of == revision) made = made || pinned.made;
    return pinned.until < now || pinned.as_of == revision;
  });
  bool enough_made = made && std::ranges::count_if(pinned_, &Pinned::made) == most_made;
  if (enough_made || pinned_.size() == most_pinned) {
    auto oldest = enough_made ? std::ranges::find_if(pinned_, &Pinned::made) : pinned_.begin();
    dropped.push_back(std::move(*oldest));
    pinned_.erase(oldest);
  }
  pinned_.push_back({state, revision, now + pinned_for, made});
  while (pinned_.size() > 1 && pins_keep_too_much()) {
    dropped.push_back(std::move(pinned_.front()));
    pinned_.erase(pinned_.begin());
  }
}

// Each keeps what was replaced until the next one; the newest is there anyway, or was just now.
bool Past::pins_keep_too_much() const {
  boost::container::static_vector<StateWeight, most_pinned> weights;
  for (const Pinned& pinned : pinned_) weights.push_back(pinned.state.weight());
  std::ranges::sort(weights, {}, &StateWeight::replaced);
  std::uint64_t kept = 0;
  for (std::size_t i = 1; i < weights.size(); ++i) kept += weights[i - 1].kept_until(weights[i].replaced);
  const std::uint64_t most = std::max(least_, weights.back().footprint);
  return kept > most && State::kept_in_memory() > most;
}

PastState::PastState(State base, StateLimits limits)
    : revision_(base.revision()), time_(base.time()), editor_(std::move(base), StateEditor::Aside{}, limits) {}

void PastState::add(const std::vector<CommitRef>& commits, Revision until) {
  const Revision before = revision_;
  for (const CommitRef& commit : commits) {
    for (const Change& change : commit->changes()) {
      if (change.revision() <= before) continue;
      if (change.revision() > until) return;
      apply(change, editor_);
      revision_ = change.revision();
      time_ = change.record->modified();
    }
  }
}

}  // namespace kvs
