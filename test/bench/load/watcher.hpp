#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "test/bench/load/event_counter.hpp"
#include "test/bench/load/histogram.hpp"
#include "test/bench/load/poller.hpp"
#include "test/bench/load/socket.hpp"

namespace kvs::load {

// What all watchers of a run add up to.
struct WatchTally {
  std::uint64_t subscribed = 0;
  std::uint64_t events = 0;
  std::vector<std::int64_t> sent_at;  // of each change, if how long it takes to its watchers is wanted
  Histogram latency;
};

// A connection that subscribed and counts what it is told.
class Watcher : public Pollable {
 public:
  // Connects and subscribes; what is referred to outlives the watcher.
  Watcher(std::uint16_t port, Poller& poller, Subscription subscription, WatchTally& tally);
  void ready() override;
  std::uint64_t events() const { return events_; }

 private:
  void take(std::string_view text);

  Socket socket_;
  WatchTally& tally_;
  std::unique_ptr<EventCounter> counter_;
  std::string greeting_;  // received before the subscription was confirmed
  bool subscribed_ = false;
  std::uint64_t events_ = 0;
};

// All of `options.watchers`, subscribed. Throws std::runtime_error if that takes longer than 30 s.
std::vector<std::unique_ptr<Watcher>> subscribe_all(const Options& options, Poller& poller, WatchTally& tally);

}  // namespace kvs::load
