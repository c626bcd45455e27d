#include <memory>
#include <vector>

#include "test/bench/load/clock.hpp"
#include "test/bench/load/modes.hpp"
#include "test/bench/load/report.hpp"
#include "test/bench/load/watcher.hpp"

namespace kvs::load {
namespace {

// One run: the writers, the watchers, and what they have done so far.
class Fanout {
 public:
  explicit Fanout(const Options& options)
      : options_(options),
        dialect_(make_dialect(options, options.protocol == "kvs" ? "set" : "publish")),
        poller_(options.spin),
        tally_(Keys(options.keys, options.sequential), kUnlimited) {
    watchers_ = subscribe_all(options, poller_, watched_);
    for (unsigned i = 0; i < options.connections; ++i) {
      writers_.push_back(std::make_unique<Requester>(options.port, poller_, dialect_, tally_, options.depth));
    }
  }

  // Writes for so long, then waits until every change has reached every watcher. Gives when the last one did.
  std::int64_t run(double seconds) {
    const auto end = now_ns() + to_ns(seconds);
    pause(false);
    for (auto now = now_ns(); now < end; now = poller_.poll()) {
      const bool too_far_behind = behind() > options_.max_lag * watchers_.size();
      if (too_far_behind == tally_.paused) continue;
      pause(too_far_behind);
    }
    pause(true);
    auto last = now_ns();
    auto seen = watched_.events + tally_.answered;
    for (auto now = last; (behind() != 0 || tally_.in_flight != 0) && now - last < to_ns(5);) {
      now = poller_.poll();
      if (watched_.events + tally_.answered == seen) continue;
      seen = watched_.events + tally_.answered;
      last = now;
    }
    return last;
  }

  void measure() {
    tally_.latency = {};
    poller_.reset();
    const auto began = now_ns();
    const auto writes = tally_.answered;
    const auto events = watched_.events;
    const auto cpu = cpu_seconds(options_.server_pid);
    const double seconds = static_cast<double>(run(options_.seconds) - began) / 1e9;
    report(tally_.answered - writes, watched_.events - events, seconds, cpu_seconds(options_.server_pid) - cpu);
  }

 private:
  // Events that are still to come for the writes that were answered.
  std::uint64_t behind() const {
    const auto wanted = tally_.answered * watchers_.size();
    return wanted > watched_.events ? wanted - watched_.events : 0;
  }

  void pause(bool paused) {
    tally_.paused = paused;
    for (const auto& writer : writers_) writer->next();
  }

  void report(std::uint64_t writes, std::uint64_t events, double seconds, double cpu) const {
    Report report;
    report.add("writes", writes).add("events", events).add("seconds", seconds);
    report.add("writes_per_second", static_cast<double>(writes) / seconds);
    report.add("per_second", static_cast<double>(events) / seconds).add("lost", wrong());
    report.add_latency(tally_.latency)
        .add("busy", poller_.busy())
        .add("at_once", poller_.at_once())
        .add("server_cpu", cpu / seconds);
    report.add("refused", tally_.refused);
    if (tally_.refused != 0) report.add("refusal", tally_.refusal.substr(0, 300));
    report.print();
  }

  // Watchers that were not told exactly as many changes as were made.
  std::uint64_t wrong() const {
    std::uint64_t count = 0;
    for (const auto& watcher : watchers_) count += watcher->events() != tally_.answered;
    return count;
  }

  const Options& options_;
  Dialect dialect_;
  Poller poller_;
  Tally tally_;
  WatchTally watched_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::vector<std::unique_ptr<Requester>> writers_;
};

}  // namespace

void run_fanout(const Options& options) {
  Fanout fanout(options);
  fanout.run(options.warmup);
  fanout.measure();
}

}  // namespace kvs::load
