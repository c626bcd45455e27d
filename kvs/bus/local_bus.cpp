#include "kvs/bus/local_bus.hpp"

#include <algorithm>
#include <random>

namespace kvs {

namespace {

LogTime wall_clock() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

LogId new_log_id() {
  std::random_device random;
  std::uint64_t id = 0;
  while (id == 0) id = (std::uint64_t{random()} << 32) | random();
  return LogId{id};
}

}  // namespace

LocalBus::LocalBus(LocalBusLimits limits, WallClock clock)
    : limits_(limits), clock_(clock ? std::move(clock) : WallClock(wall_clock)) {}

awaitable<LogId> LocalBus::start(BusStart from, Executor reader) {
  last_place_ = from.revision;
  last_time_ = from.time;
  reader_ = reader;
  wakeup_.emplace(reader);
  std::lock_guard lock(mutex_);
  started_ = true;
  since_ = std::chrono::steady_clock::now();
  co_return from.log_id ? *from.log_id : new_log_id();
}

PublishResult LocalBus::publish(Command&& command, Ticket ticket) {
  std::size_t bytes = command.footprint();
  std::lock_guard lock(mutex_);
  if (!started_ || stopped_) return PublishResult::away;
  bool fits = waiting_.size() < limits_.waiting_commands && waiting_bytes_ + bytes <= limits_.waiting_bytes;
  if (!fits && !waiting_.empty()) return PublishResult::full;
  waiting_.push_back({std::move(command), ticket});
  waiting_bytes_ += bytes;
  return PublishResult::accepted;
}

void LocalBus::flush() {
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty() || !std::exchange(reader_waits_, false)) return;
  }
  wake_reader();
}

awaitable<Batch> LocalBus::next() {
  for (;;) {
    Batch batch = take();
    if (!batch.commands.empty()) co_return batch;
    {
      std::lock_guard lock(mutex_);
      batch.last = stopped_ && waiting_.empty();
      if (batch.last) co_return batch;
      if (!waiting_.empty()) continue;
      reader_waits_ = true;  // the wake-up is posted to this thread, so it can't come before wait() below
    }
    co_await wakeup_->wait();
  }
}

Batch LocalBus::take() {
  std::deque<Waiting> taken;
  {
    std::lock_guard lock(mutex_);
    std::size_t bytes = 0, count = 0;
    while (count < waiting_.size() && count < limits_.batch_commands && (count == 0 || bytes < limits_.batch_bytes)) {
      bytes += waiting_[count++].command.footprint();
    }
    if (count == waiting_.size()) {
      taken.swap(waiting_);
    } else {
      std::move(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count), std::back_inserter(taken));
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    waiting_bytes_ -= bytes;
  }
  Batch batch;
  if (taken.empty()) return batch;
  last_time_ = std::max(last_time_, clock_());
  batch.commands.reserve(taken.size());
  for (Waiting& one : taken) {
    last_place_ = after(last_place_);
    batch.commands.push_back({last_place_, last_time_, std::move(one.command), one.ticket});
  }
  return batch;
}

BusStatus LocalBus::status() const {
  std::lock_guard lock(mutex_);
  return {"local", started_, since_, {}, {}, {}, {}};
}

void LocalBus::stop() {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    since_ = std::chrono::steady_clock::now();
    wake = std::exchange(reader_waits_, false);
  }
  if (wake) wake_reader();
}

void LocalBus::wake_reader() {
  asio::post(*reader_, [this] { wakeup_->notify(); });
}

}  // namespace kvs
