#include "kvs/bus/local_bus.hpp"

#include <algorithm>

#include "kvs/random_id.hpp"

namespace kvs {

namespace {

LogTime wall_clock() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

LocalBus::LocalBus(LocalBusLimits limits, WallClock clock, std::function<Clock::time_point()> steady)
    : limits_(limits), clock_(clock ? std::move(clock) : WallClock(wall_clock)), steady_(std::move(steady)) {
  if (!steady_) steady_ = Clock::now;
}

awaitable<LogId> LocalBus::start(BusStart from, Executor reader) {
  // It would go on under the topic's log id, with numbers that the topic gives to something else.
  if (!from.bookmark.empty()) {
    throw BusBroken(
        "the data directory holds a history whose order is a Kafka topic's: start it with --bus kafka; to go on from "
        "it "
        "without Kafka, kvs snapshot restore its newest snapshot into an empty data directory");
  }
  last_place_ = from.revision;
  last_time_ = from.time;
  reader_ = reader;
  wakeup_.emplace(reader);
  timer_.emplace(reader);
  std::lock_guard lock(mutex_);
  started_ = true;
  since_ = std::chrono::steady_clock::now();
  co_return from.log_id ? *from.log_id : LogId{random_id()};
}

PublishResult LocalBus::publish(Command&& command, Ticket ticket) {
  std::size_t bytes = command.footprint();
  std::lock_guard lock(mutex_);
  if (!started_ || stopped_) return PublishResult::away;
  bool fits = waiting_.size() < limits_.waiting_commands && waiting_bytes_ + bytes <= limits_.waiting_bytes;
  if (!fits && !waiting_.empty()) return PublishResult::full;
  waiting_.emplace_back(no_revision, LogTime{}, std::move(command), ticket);
  waiting_bytes_ += bytes;
  return PublishResult::accepted;
}

void LocalBus::flush() {
  {
    std::lock_guard lock(mutex_);
    if (wanted_ == 0 || waiting_.size() < wanted_) return;
    wanted_ = 0;
  }
  wake_reader();
}

awaitable<Batch> LocalBus::next() {
  if (handed_out_ > 1) co_await gather();
  for (;;) {
    Batch batch = take();
    if (!batch.commands.empty()) {
      handed_out_ = batch.commands.size();
      handed_out_at_ = steady_();
      co_return batch;
    }
    {
      std::lock_guard lock(mutex_);
      batch.last = stopped_ && waiting_.empty();
      if (batch.last) co_return batch;
      if (!waiting_.empty()) continue;
      wanted_ = 1;  // the wake-up is posted to this thread, so it can't come before wait() below
    }
    co_await wakeup_->wait();
  }
}

// Until as many wait as were handed out last, or it has taken too long.
awaitable<void> LocalBus::gather() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || waiting_.size() >= handed_out_) co_return;
    wanted_ = handed_out_;
  }
  timer_->expires_after(std::min<Clock::duration>((steady_() - handed_out_at_) / 2, limits_.longest_gathering));
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) wakeup_->notify();
  });
  co_await wakeup_->wait();
  timer_->cancel();
  std::lock_guard lock(mutex_);
  wanted_ = 0;
}

// Everything, as a rule: then it is handed over as it is.
std::vector<Ordered> LocalBus::take_waiting() {
  std::lock_guard lock(mutex_);
  std::vector<Ordered> taken;
  if (waiting_.empty()) return taken;
  if (waiting_.size() <= limits_.batch_commands && waiting_bytes_ <= limits_.batch_bytes) {
    // The next ones will be about as many, or up to all of the writers.
    taken.reserve(waiting_.size() + handed_out_);
    taken.swap(waiting_);
    waiting_bytes_ = 0;
    return taken;
  }
  std::size_t bytes = 0;
  auto end = waiting_.begin();
  for (; end != waiting_.end() && taken.size() < limits_.batch_commands && bytes < limits_.batch_bytes; ++end) {
    bytes += end->command.footprint();
    taken.push_back(std::move(*end));
  }
  waiting_.erase(waiting_.begin(), end);
  waiting_bytes_ -= bytes;
  return taken;
}

Batch LocalBus::take() {
  Batch batch;
  batch.commands = take_waiting();
  if (batch.commands.empty()) return batch;
  last_time_ = std::max(last_time_, clock_());
  for (Ordered& one : batch.commands) {
    last_place_ = after(last_place_);
    one.place = last_place_;
    one.time = last_time_;
  }
  return batch;
}

BusStatus LocalBus::status() const {
  std::lock_guard lock(mutex_);
  return {"local", started_, since_, {}, {}, {}, {}, {}};
}

bool LocalBus::up() const {
  std::lock_guard lock(mutex_);
  return started_;
}

void LocalBus::stop() {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    since_ = std::chrono::steady_clock::now();
    wake = std::exchange(wanted_, 0) != 0;
  }
  if (wake) wake_reader();
}

void LocalBus::wake_reader() {
  asio::post(*reader_, [this] { wakeup_->notify(); });
}

}  // namespace kvs
