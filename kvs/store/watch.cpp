#include "kvs/store/watch.hpp"

#include "kvs/prefetch.hpp"
#include "kvs/store/store.hpp"

namespace kvs {

namespace {

// Of the history on disk: what is read for one watch is shared with no other.
constexpr std::size_t older_step = 64 * 1024;

// Of a watch and the connection around it, and of its coroutine's frame: what is worth fetching before it goes on.
constexpr std::size_t fetched = 512;

}  // namespace

Watch::Watch(View& view, Filter filter, Revision after)
    : view_(view), filter_(std::move(filter)), cursor_(after), wakeup_(view.executor()), alarm_(*this) {
  if (!filter_.everything()) view_.interest_.add(*this, filter_);
  ++view_.watches_;
}

Watch::~Watch() {
  --view_.watches_;
  if (!filter_.everything()) view_.interest_.remove(*this, filter_);
}

void Watch::interrupt() {
  interrupted_ = true;
  wakeup_.notify();
}

void Watch::tell(const CommitRef& commit, bool at_once) {
  if (!is_linked()) return;  // not waiting: it will find the change by itself
  // A watch may have begun at a state whose commit is still on its way to this thread.
  const Revision after = std::max(cursor_, commit->before());
  if (at_once && taker_ && !interrupted_ && required_ <= commit->before()) {
    if (after >= commit->last()) return;  // told already, of another of its changes, or begun behind it
    cursor_ = commit->last();
    if (taker_->take(after, commit)) return;
    cursor_ = after;
  }
  wake(after);
}

void Watch::wake(Revision newest) {
  unlink();
  cursor_ = std::max(cursor_, newest);
  prefetch(this, fetched);
  wakeup_.notify(view_.woken_, frame_, fetched);
}

void Watch::wait_in_line() {
  if (filter_.everything() || required_ > view_.history_.newest()) {
    view_.waiting_.push_back(*this);
  } else {
    view_.waiting_filtered_.push_back(*this);
  }
}

awaitable<Step> Watch::next(Clock::time_point deadline, std::size_t max_bytes) {
  for (;;) {
    Step step{Step::Kind::changes, cursor_, {}};
    if (std::exchange(interrupted_, false)) {
      step.kind = Step::Kind::interrupted;
      co_return step;
    }
    if (cursor_ < view_.history_.oldest()) {
      step = co_await read_older(max_bytes);
      co_return step;
    }
    if (cursor_ < view_.history_.newest()) {
      view_.history_.read(cursor_, max_bytes, step.commits);
      cursor_ = step.commits.back()->last();
      co_return step;
    }
    if (view_.draining()) {
      step.kind = Step::Kind::draining;
      co_return step;
    }
    if (Clock::now() >= deadline) {
      step.kind = Step::Kind::timeout;
      co_return step;
    }
    wait_in_line();
    frame_ = &step;
    alarm_.arm(deadline);
    co_await wakeup_.wait();
    if (is_linked()) {  // not woken by a change: whatever has passed by meanwhile was not wanted
      unlink();
      cursor_ = std::max(cursor_, view_.history_.newest());
    }
  }
}

awaitable<Step> Watch::read_older(std::size_t max_bytes) {
  Step step{Step::Kind::changes, cursor_, {}};
  OlderHistory older = co_await view_.store().read_history(view_, cursor_, std::min(max_bytes, older_step));
  if (!older.commit) {
    step.kind = older.failed ? Step::Kind::unreadable : Step::Kind::compacted;
    co_return step;
  }
  cursor_ = older.commit->last();
  step.commits.push_back(std::move(older.commit));
  co_return step;
}

}  // namespace kvs
