#include "kvs/store/state_wait.hpp"

#include <utility>

#include "kvs/store/view.hpp"

namespace kvs {

void StateWaits::until(Revision revision, StateWaiter& waiter) {
  waiter.revision_ = revision;
  by_revision_.insert(waiter);
}

void StateWaits::reached(Revision revision) {
  while (!by_revision_.empty() && by_revision_.begin()->revision_ <= revision) {
    StateWaiter& waiter = *by_revision_.begin();
    waiter.leave();
    waiter.told(PublishResult::accepted);
  }
}

PublishResult StateWaits::until_barrier(StateWaiter& waiter) {
  if (!barrier_under_way_) {
    PublishResult result = send_barrier();
    if (result == PublishResult::accepted) for_this_.push_back(waiter);
    return result;
  }
  if (view_.away_since()) return PublishResult::away;  // the barrier under way may take as long as the bus stays away
  for_next_.push_back(waiter);
  return PublishResult::accepted;
}

PublishResult StateWaits::send_barrier() {
  Command barrier;
  barrier.kind = Command::Kind::barrier;
  Ticket ticket;
  PublishResult result = view_.submit(std::move(barrier), *this, 0, ticket);
  barrier_under_way_ = result == PublishResult::accepted;
  return result;
}

// A full disk undoes the writes of a batch but not what was acknowledged before: the barrier has passed all the same.
void StateWaits::settle(std::uint32_t, Verdict&& verdict) {
  bool passed = verdict.outcome == Verdict::Outcome::nothing || verdict.outcome == Verdict::Outcome::no_room;
  barrier_under_way_ = false;
  Line over;
  over.swap(for_this_);
  for_this_.swap(for_next_);
  if (!for_this_.empty()) {
    PublishResult result = send_barrier();
    if (result != PublishResult::accepted) tell(for_this_, result);
  }
  tell(over, passed ? PublishResult::accepted : PublishResult::away);
}

void StateWaits::drain() {
  while (!by_revision_.empty()) {
    StateWaiter& waiter = *by_revision_.begin();
    waiter.leave();
    waiter.told(PublishResult::away);
  }
  tell(for_this_, PublishResult::away);
  tell(for_next_, PublishResult::away);
}

void StateWaits::tell(Line& line, PublishResult how) {
  while (!line.empty()) {
    StateWaiter& waiter = line.front();
    waiter.leave();
    waiter.told(how);
  }
}

}  // namespace kvs
