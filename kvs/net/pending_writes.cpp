#include "kvs/net/pending_writes.hpp"

#include "kvs/net/consistency.hpp"
#include "kvs/net/starting.hpp"

namespace kvs {

namespace {

KeyOperation operation_of(WriteForm form) {
  switch (form) {
    case WriteForm::put:
    case WriteForm::legacy_set:
      return KeyOperation::set;
    case WriteForm::touch:
      return KeyOperation::touch;
    case WriteForm::remove:
      return KeyOperation::remove;
    case WriteForm::remove_range:
      return KeyOperation::remove_range;
    case WriteForm::transaction:
      return KeyOperation::transaction;
  }
  return KeyOperation::set;
}

Result result_of(Verdict::Outcome outcome) {
  switch (outcome) {
    case Verdict::Outcome::applied:
      return Result::ok;
    case Verdict::Outcome::nothing:
      return Result::nothing;
    case Verdict::Outcome::refused:
      return Result::refused;
    case Verdict::Outcome::failed:
      return Result::failed;
    case Verdict::Outcome::no_room:
      return Result::no_room;
    case Verdict::Outcome::reused:
      return Result::reused;
    case Verdict::Outcome::unknown:
      return Result::unknown;
  }
  return Result::unknown;
}

PublishFailure failure_of(PublishResult result) {
  if (result == PublishResult::full) return PublishFailure::full;
  return result == PublishResult::too_large ? PublishFailure::too_large : PublishFailure::away;
}

}  // namespace

PublishResult PendingWrites::submit(Command&& command, WriteForm form, Manners& manners, RequestKeys::Use key) {
  if (worker_.crowded()) return PublishResult::full;
  // First, for a verdict must find it: there may be no memory for it any more once the command is published.
  auto index = static_cast<std::uint32_t>(writes_.size());
  writes_.emplace_back(Ticket{}, form, false, command.record, std::move(manners), std::move(key),
                       Counted(worker_.counters().in_flight), Verdict{});
  PublishResult result = worker_.view().submit(std::move(command), *this, index, writes_.back().ticket);
  if (result != PublishResult::accepted) {
    manners = std::move(writes_.back().manners);
    writes_.pop_back();
    worker_.traffic().failed(failure_of(result));
    return result;
  }
  ++unsettled_;
  return result;
}

void PendingWrites::settle(std::uint32_t index, Verdict&& verdict) {
  writes_[index].verdict = std::move(verdict);
  writes_[index].settled = true;
  if (--unsettled_ == 0) wakeup_.resume();  // last: this object may be gone then
}

void PendingWrites::abandon() {
  for (Write& write : writes_) {
    if (!write.settled) worker_.view().abandon(write.ticket);
  }
  unsettled_ = 0;
}

bool PendingWrites::answer(std::string& out) {
  Write& last = writes_.back();
  last.manners.close = last.manners.close || worker_.draining();
  bool close = last.manners.close;
  auto now = Clock::now();
  for (const Write& write : writes_) {
    count(write, now);
    answer(write, out);
  }
  writes_.clear();
  return close;
}

void PendingWrites::count(const Write& write, Clock::time_point now) {
  Traffic& traffic = worker_.traffic();
  Result result = result_of(write.verdict.outcome);
  traffic.done(operation_of(write.form), result);
  traffic.published.record(now - write.manners.began);
  if (result == Result::failed) traffic.failed(PublishFailure::failed);
  if (result == Result::unknown) traffic.failed(PublishFailure::unknown);
}

void PendingWrites::answer(const Write& write, std::string& out) {
  Reply reply(worker_, out, write.manners);
  switch (write.verdict.outcome) {
    case Verdict::Outcome::applied:
    case Verdict::Outcome::nothing:
    case Verdict::Outcome::refused:
      return answer_write(reply, write.form, write.record ? write.record->key() : std::string_view{}, write.verdict);
    case Verdict::Outcome::failed:
      return reply.problem(publish_problem(PublishResult::away, worker_));
    case Verdict::Outcome::no_room:
      return reply.problem(errc::out_of_space,
                           "the server's disk is full: nothing was written; make room there, then try again");
    case Verdict::Outcome::reused:
      return reply.problem(errc::request_key_reused,
                           "this Idempotency-Key was used for another request: nothing was written; take a new one");
    case Verdict::Outcome::unknown:
      return reply.problem(errc::outcome_unknown,
                           "the write was not settled in time: it may or may not take effect; read the key to find out",
                           store_members(worker_));
  }
}

namespace {

Problem away_problem(const BusStatus& bus, const std::string& meaning) {
  if (bus.up && !bus.writes_refused.empty())
    return {errc::bus_away, "writes are refused: " + bus.writes_refused + "; " + meaning + ", reads and watches go on"};
  std::string text = bus.up ? "the bus was away for a moment" : "the bus is away";
  if (!bus.up && !bus.detail.empty()) text += " (" + bus.detail + ")";
  return {errc::bus_away, text + ": " + meaning + "; reads of what is here go on, try again in a second"};
}

}  // namespace

Problem publish_problem(PublishResult result, Worker& worker, std::string_view means) {
  std::string meaning(means);
  Store& store = worker.store();
  if (result == PublishResult::full)
    return {errc::too_many_requests, "too many requests are waiting: " + meaning + "; try again in a second"};
  if (result == PublishResult::too_large)
    return {errc::request_too_large, "the bus can't carry as much at once: " + meaning + "; send less in one request"};
  if (store.phase() == Phase::failed) {
    return {errc::bus_away, "writing to the data directory failed (" + store.failure() + "): " + meaning +
                                "; no retry will help before kvs is restarted, once its disk is well"};
  }
  if (store.phase() == Phase::starting)
    return {errc::starting, starting_text(store) + ": " + meaning + "; try again in a second"};
  if (worker.leaving() || store.phase() == Phase::stopped)
    return {errc::draining, "the server is shutting down: " + meaning + "; try again in a second"};
  return away_problem(store.bus_status(), meaning);
}

}  // namespace kvs
