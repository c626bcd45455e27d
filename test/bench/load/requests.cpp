#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

#include "test/bench/load/clock.hpp"
#include "test/bench/load/modes.hpp"
#include "test/bench/load/report.hpp"

namespace kvs::load {
namespace {

constexpr double kPatience = 30;  // seconds without any answer

// Requests at even distances. One that no connection is free for is sent later, and counts from when it was due.
class Pace {
 public:
  explicit Pace(double rate) : distance_(rate > 0 ? to_ns(1 / rate) : 0), due_(now_ns()) {}

  void send_due(std::int64_t now, Tally& tally) {
    if (distance_ == 0) return;
    for (; due_ <= now && !tally.idle.empty() && !tally.paused && tally.left != 0; due_ += distance_) {
      Requester* requester = tally.idle.back();
      tally.idle.pop_back();
      requester->send_at(due_);
    }
  }

  // When send_due() has something to do again, as long as no answer comes.
  std::int64_t next(const Tally& tally) const {
    return distance_ == 0 || tally.idle.empty() || tally.paused ? std::numeric_limits<std::int64_t>::max() : due_;
  }

 private:
  std::int64_t distance_;
  std::int64_t due_;
};

// Until `end` or until everything has been sent and answered.
void run_until(std::int64_t end, Poller& poller, Pace& pace, Tally& tally) {
  auto now = now_ns();
  auto answered = tally.answered;
  auto progress = now;
  while (now < end && tally.left + tally.in_flight != 0 && !(tally.paused && tally.in_flight == 0)) {
    pace.send_due(now, tally);
    now = poller.poll(pace.next(tally));
    if (tally.answered != answered) {
      answered = tally.answered;
      progress = now;
    } else if (now - progress > to_ns(kPatience)) {
      throw std::runtime_error("no answer for 30 s");
    }
  }
}

}  // namespace

void run_requests(const Options& options) {
  const auto dialect = make_dialect(options, options.operation);
  Poller poller(options.spin);
  Tally tally(Keys(options.keys, options.sequential), options.count == 0 ? kUnlimited : options.count);
  tally.paced = options.rate > 0;
  std::vector<std::unique_ptr<Requester>> requesters;
  for (unsigned i = 0; i < options.connections; ++i) {
    requesters.push_back(std::make_unique<Requester>(options.port, poller, dialect, tally, options.depth));
  }
  for (const auto& requester : requesters) requester->next();
  Pace pace(options.rate);
  if (options.warmup > 0) run_until(now_ns() + to_ns(options.warmup), poller, pace, tally);

  tally.latency = {};
  poller.reset();
  const auto began = now_ns();
  const auto answered_before = tally.answered;
  const auto cpu_before = cpu_seconds(options.server_pid);
  run_until(options.count == 0 ? began + to_ns(options.seconds) : std::numeric_limits<std::int64_t>::max(), poller,
            pace, tally);
  const double seconds = static_cast<double>(now_ns() - began) / 1e9;
  const auto answered = tally.answered - answered_before;
  const auto cpu = cpu_seconds(options.server_pid) - cpu_before;
  const auto busy = poller.busy();
  const auto at_once = poller.at_once();
  tally.paused = true;
  run_until(std::numeric_limits<std::int64_t>::max(), poller, pace, tally);

  Report report;
  report.add("requests", answered).add("seconds", seconds).add("per_second", static_cast<double>(answered) / seconds);
  report.add_latency(tally.latency)
      .add("busy", busy)
      .add("at_once", at_once)
      .add("server_cpu", cpu / seconds)
      .add("refused", tally.refused);
  if (tally.refused != 0) report.add("refusal", tally.refusal.substr(0, 300));
  report.print();
}

}  // namespace kvs::load
