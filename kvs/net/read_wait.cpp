#include "kvs/net/read_wait.hpp"

#include "kvs/net/pending_writes.hpp"

namespace kvs {

void ReadWait::begin(const Consistency& wanted) {
  at_least_ = wanted.at_least;
  deadline_ = Clock::now() + wanted.timeout;
  bool waits = wanted.linearizable || worker_.view().state().revision() < at_least_;
  if (waits && worker_.crowded()) return be_over(End::full);
  if (!wanted.linearizable) return go_on(PublishResult::accepted);
  stage_ = Stage::barrier;
  PublishResult result = worker_.view().await_barrier(*this);
  if (result != PublishResult::accepted) go_on(result);
}

void ReadWait::told(PublishResult how) {
  go_on(how);
  if (stage_ == Stage::over) wakeup_.notify();
}

// The barrier, if one was wanted, is passed (or can't be).
void ReadWait::go_on(PublishResult how) {
  if (how == PublishResult::full) return be_over(End::full);
  if (how != PublishResult::accepted) return be_over(End::away);
  if (worker_.view().state().revision() >= at_least_) return be_over(End::reached);
  if (draining_) return be_over(End::away);
  stage_ = Stage::revision;
  worker_.view().await(at_least_, *this);
}

void ReadWait::give_up() {
  if (!waiting()) return;
  leave();
  be_over(End::not_in_time);
}

void ReadWait::drain() {
  draining_ = true;
  if (stage_ != Stage::revision) return;
  leave();
  be_over(End::away);
  wakeup_.notify();
}

void ReadWait::be_over(End end) {
  stage_ = Stage::over;
  end_ = end;
}

ReadWait::End ReadWait::end() {
  stage_ = Stage::idle;
  return end_;
}

Problem read_problem(ReadWait::End end, const Consistency& wanted, Worker& worker) {
  constexpr std::string_view meaning = "what is newest can't be told";
  if (end == ReadWait::End::full) return publish_problem(PublishResult::full, worker, meaning);
  if (end == ReadWait::End::away) return publish_problem(PublishResult::away, worker, meaning);
  Revision now = worker.view().held().revision();
  std::string newest = std::to_string(number(now));
  if (wanted.since > now) {
    return {errc::revision_in_future,
            "revision " + std::to_string(number(wanted.since)) + " is not reached yet; the newest is " + newest +
                ": wait longer (timeout); if it is none of this history, read anew",
            store_members(worker)};
  }
  std::string what = wanted.at_least > now
                         ? "revision " + std::to_string(number(wanted.at_least)) + " has not come by here in time"
                         : "it did not show in time that nothing newer was acknowledged elsewhere";
  return {errc::not_caught_up, what + "; the newest here is " + newest + ": wait longer (timeout), or ask without",
          store_members(worker)};
}

}  // namespace kvs
