#include "kvs/store/view.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "kvs/prefetch.hpp"
#include "kvs/store/store.hpp"
#include "kvs/store/watch.hpp"
#include "kvs/wakeup.hpp"

namespace kvs {

namespace {

constexpr std::size_t settler_size = 128;  // bytes of one that are worth fetching, about

}  // namespace

View::View(Store& store, Executor executor, std::uint32_t thread, std::size_t history_bytes)
    : store_(store), executor_(executor), thread_(thread), timeouts_(executor), history_(history_bytes) {}

const State& View::state() {
  store_.refresh(state_, state_version_);
  return state_;
}

PublishResult View::submit(Command&& command, Settler& settler, std::uint32_t index, Ticket& ticket) {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t place = free_slots_.back();
  const Ticket made{thread_, place, next_serial_};
  // Until it is accepted the slot stays free: whatever throws leaves nothing to be taken back.
  PublishResult result = store_.publish(std::move(command), made);
  if (result != PublishResult::accepted) return result;
  ticket = made;
  slots_[place] = {next_serial_++, &settler, index};  // the verdict comes by this thread, later
  free_slots_.pop_back();
  flush_soon();
  return result;
}

// Behind everything else that is ready now: the writes of one turn of this thread make one batch.
void View::flush_soon() {
  if (flushing_) return;
  asio::post(executor_, [this] {
    flushing_ = false;
    store_.flush();
  });
  flushing_ = true;  // if post() threw, the next write tries again
}

void View::abandon(const Ticket& ticket) {
  if (ticket.serial == 0) return;  // never accepted
  Slot& slot = slots_[ticket.slot];
  if (slot.serial != ticket.serial) return;
  slot = {};
  free_slots_.push_back(ticket.slot);
}

void View::settle(Settled&& settled) {
  Slot& slot = slots_[settled.ticket.slot];
  if (slot.serial != settled.ticket.serial) return;  // abandoned: its deadline came first
  Slot told = slot;
  slot = {};
  free_slots_.push_back(settled.ticket.slot);
  told.settler->settle(told.index, std::move(settled.verdict));
}

namespace {

// A coroutine that waits.
class Arrival final : public StateWaiter {
 public:
  explicit Arrival(Executor executor) : wakeup_(executor) {}
  awaitable<void> wait() { return wakeup_.wait(); }

 private:
  void told(PublishResult) override { wakeup_.notify(); }
  Wakeup wakeup_;
};

}  // namespace

awaitable<void> View::history_reaches(Revision revision) {
  Arrival arrival(executor_);
  while (history_.newest() < revision) {
    await(revision, arrival);  // told with the next commit: the state may be there already
    co_await arrival.wait();
  }
}

void View::begin(Revision revision) {
  history_.start(revision);
  ready_ = true;
}

void View::receive(const CommitRef& commit, std::vector<Settled>&& settled) {
  if (commit) {
    state();  // an idle thread must not hold an old root for ever
    history_.push(commit);
    store_.memory_begins_at(history_.oldest());
    waits_.reached(state_.revision());
  }
  for (std::size_t i = 0; i < settled.size(); ++i) {
    fetch_settler(std::span(settled).subspan(i + 1));
    settle(std::move(settled[i]));  // connections go on in here: nothing else is under way
  }
  if (commit) tell_watches(commit);  // last: whoever wrote has the answer before a thousand others are told
}

// Whom the verdicts after the next ones are for has not been touched since, which with many connections means: is not
// in the processor's cache any more.
void View::fetch_settler(std::span<const Settled> next) const {
  constexpr std::size_t soon = 1, later = 3, even_later = 6;
  auto slot = [&](std::size_t i) { return &slots_[next[i].ticket.slot]; };
  if (next.size() > even_later) prefetch(slot(even_later), sizeof(Slot));
  if (next.size() > later) prefetch(slot(later)->settler, settler_size);
  if (next.size() <= soon) return;
  const Slot& told = *slot(soon);
  if (told.serial == next[soon].ticket.serial) told.settler->fetch(told.index);
}

void View::forget(Revision until) {
  history_.forget(until);
  store_.memory_begins_at(history_.oldest());
}

void View::tell_watches(const CommitRef& commit) {
  // Watches that will soon have more to send do so together, later: then each sends all of it by one system call.
  const bool at_once = state_.revision() <= commit->last();
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    Watch& watch = static_cast<Watch&>(*next++);
    watch.tell(commit, at_once);  // may end its wait
  }
  if (interest_.empty()) return;
  for (const Change& change : commit->changes()) {
    interest_.each(change.record->key(), [&](Watch& watch) { watch.tell(commit, at_once); });
  }
}

void View::bus_changed(bool up, Clock::time_point since) {
  away_since_.reset();
  if (!up) away_since_ = since;
  for (WaitingWatch& watch : waiting_) static_cast<Watch&>(watch).interrupt();
  for (WaitingWatch& watch : waiting_filtered_) static_cast<Watch&>(watch).interrupt();
}

void View::drain() {
  draining_ = true;
  waits_.drain();
  while (!waiting_.empty()) static_cast<Watch&>(waiting_.front()).wake(history_.newest());
  while (!waiting_filtered_.empty()) static_cast<Watch&>(waiting_filtered_.front()).wake(history_.newest());
}

}  // namespace kvs
