// Orders commands inside the process: a bounded channel from the I/O threads to the writer.
#pragma once
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
};

// While the reader is busy with a batch the next one collects here; that is all of group commit.
// Log time is the wall clock, never going back, read once a batch.
class LocalBus final : public Bus {
 public:
  using WallClock = std::function<LogTime()>;
  explicit LocalBus(LocalBusLimits limits = {}, WallClock clock = {});

  awaitable<LogId> start(BusStart from, Executor reader) override;
  PublishResult publish(Command&& command, Ticket ticket) override;
  void flush() override;
  awaitable<Batch> next() override;
  BusStatus status() const override;
  bool keeps_log() const override { return false; }
  void stop() override;

 private:
  std::vector<Ordered> take_waiting();
  Batch take();
  void wake_reader();

  const LocalBusLimits limits_;
  const WallClock clock_;
  Revision last_place_ = no_revision;  // reader's thread, as are time and wake-up
  LogTime last_time_{};
  std::optional<Wakeup> wakeup_;
  std::optional<Executor> reader_;

  mutable std::mutex mutex_;      // guards what follows
  std::vector<Ordered> waiting_;  // without place and time
  std::size_t waiting_bytes_ = 0;
  bool reader_waits_ = false;
  bool started_ = false;
  bool stopped_ = false;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace kvs
