// A bus that hands out the batches a test gives it, and keeps what is published until the test orders it.
#pragma once
#include <deque>
#include <optional>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/wakeup.hpp"

namespace kvs::test {

class GivenBus final : public Bus {
 public:
  BusStart started;                                // what start() was told
  PublishResult answer = PublishResult::accepted;  // of the next publish()
  std::vector<std::pair<Command, Ticket>> published;
  bool found = true;   // whether start() gives the history's name; else it waits for find()
  bool is_up = true;   // a change shows with the next batch
  bool keeps = false;  // what keeps_log() says
  // What else status() says.
  std::chrono::steady_clock::time_point since{};
  std::optional<std::uint64_t> lag;
  std::string detail;
  std::string writes_refused;
  std::vector<BusMember> members;

  void give(Batch batch) {
    batches_.push_back(std::move(batch));
    if (wakeup_) wakeup_->notify();
  }

  void find() {
    found = true;
    wakeup_->notify();
  }

  awaitable<LogId> start(BusStart from, Executor reader) override {
    started = from;
    wakeup_.emplace(reader);
    while (!found && !stopped_) co_await wakeup_->wait();
    co_return stopped_ ? LogId{} : from.log_id.value_or(LogId{7});
  }
  PublishResult publish(Command&& command, Ticket ticket) override {
    if (answer == PublishResult::accepted) published.emplace_back(std::move(command), ticket);
    return answer;
  }
  void flush() override {}
  awaitable<Batch> next() override {
    while (batches_.empty() && !stopped_) co_await wakeup_->wait();
    Batch batch;
    batch.last = batches_.empty();
    if (batch.last) co_return batch;
    batch = std::move(batches_.front());
    batches_.pop_front();
    co_return batch;
  }
  BusStatus status() const override { return {"given", is_up, since, lag, detail, writes_refused, members, {}}; }
  bool up() const override { return is_up; }
  bool keeps_log() const override { return keeps; }
  void stop() override {
    stopped_ = true;
    if (wakeup_) wakeup_->notify();
  }

 private:
  std::optional<Wakeup> wakeup_;
  std::deque<Batch> batches_;
  bool stopped_ = false;
};

}  // namespace kvs::test
