// Orders commands inside the process: a bounded channel from the I/O threads to the writer.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/wakeup.hpp"

namespace kvs {

struct LocalBusLimits {
  std::size_t waiting_commands = 65536;          // publish() says full beyond
  std::size_t waiting_bytes = 64 * 1024 * 1024;  // at least one command is always taken
  std::size_t batch_commands = 8192;             // next() hands out at most so many at once
  std::size_t batch_bytes = 8 * 1024 * 1024;
  std::chrono::milliseconds longest_gathering{10};
};

// While the reader is busy with a batch the next one collects here: group commit. Those who wrote the last batch have
// just been answered and most often write again, so next() waits for as many as it handed out last, but at most half as
// long as the reader was busy with those: on a slow disk one sync then serves all of them instead of half. A writer
// that is alone never waits. Log time is the wall clock, never going back, read once a batch.
class LocalBus final : public Bus {
 public:
  using WallClock = std::function<LogTime()>;
  using Clock = std::chrono::steady_clock;
  // The clocks are for tests; `steady` only tells how long the reader was busy.
  explicit LocalBus(LocalBusLimits limits = {}, WallClock clock = {}, std::function<Clock::time_point()> steady = {});

  awaitable<LogId> start(BusStart from, Executor reader) override;
  PublishResult publish(Command&& command, Ticket ticket) override;
  void flush() override;
  awaitable<Batch> next() override;
  BusStatus status() const override;
  bool up() const override;
  bool keeps_log() const override { return false; }
  void stop() override;

 private:
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
  awaitable<void> gather();
  std::vector<Ordered> take_waiting();
  Batch take();
  void wake_reader();

  const LocalBusLimits limits_;
  const WallClock clock_;
  std::function<Clock::time_point()> steady_;
  Revision last_place_ = no_revision;  // reader's thread, as are time and wake-up
  LogTime last_time_{};
  std::optional<Wakeup> wakeup_;
  std::optional<Executor> reader_;
  std::optional<Timer> timer_;
  std::size_t handed_out_ = 0;  // the size of the last batch
  Clock::time_point handed_out_at_{};

  mutable std::mutex mutex_;      // guards what follows
  std::vector<Ordered> waiting_;  // without place and time
  std::size_t waiting_bytes_ = 0;
  std::size_t wanted_ = 0;  // the reader waits for so many; 0: it does not wait
  bool started_ = false;
  bool stopped_ = false;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace kvs
