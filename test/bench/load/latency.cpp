#include <memory>
#include <stdexcept>
#include <vector>

#include "test/bench/load/clock.hpp"
#include "test/bench/load/modes.hpp"
#include "test/bench/load/report.hpp"
#include "test/bench/load/watcher.hpp"

namespace kvs::load {

void run_latency(const Options& options) {
  if (options.rate <= 0) throw std::invalid_argument("latency needs a --rate");
  const auto dialect = make_dialect(options, options.protocol == "kvs" ? "set" : "publish");
  Poller poller(options.spin);
  Tally tally(Keys(options.keys, options.sequential), kUnlimited);
  tally.paced = true;
  WatchTally watched;
  const auto watchers = subscribe_all(options, poller, watched);
  Requester writer(options.port, poller, dialect, tally, 1);
  writer.next();

  const auto distance = to_ns(1 / options.rate);
  const auto began = now_ns() + to_ns(options.warmup);
  const auto end = began + to_ns(options.seconds);
  auto due = now_ns();
  bool warm = false;
  for (auto now = due; now < end; now = poller.poll()) {
    if (!warm && now >= began) {
      warm = true;
      watched.latency = {};
    }
    if (now < due || tally.idle.empty()) continue;
    tally.idle.clear();
    watched.sent_at.push_back(now_ns());
    writer.send_at(watched.sent_at.back());
    due += distance;
  }
  const auto wanted = watched.sent_at.size() * watchers.size();
  for (const auto last = now_ns() + to_ns(5); watched.events < wanted && poller.poll() < last;) continue;

  Report report;
  report.add("changes", std::uint64_t{watched.sent_at.size()}).add("events", watched.events);
  report.add("lost", std::uint64_t{wanted - watched.events}).add_latency(watched.latency).add("busy", poller.busy());
  report.add("refused", tally.refused);
  if (tally.refused != 0) report.add("refusal", tally.refusal.substr(0, 300));
  report.print();
}

}  // namespace kvs::load
