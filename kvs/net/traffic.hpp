// What one I/O thread counts of its requests and watches, for /metrics.
#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "kvs/net/answer.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/routes.hpp"
#include "kvs/tally.hpp"
#include "kvs/timeouts.hpp"

namespace kvs {

// How a watcher gets its events.
enum class Transport : std::uint8_t { websocket, event_stream, ndjson, long_poll, legacy };
inline constexpr std::size_t transports = 5;
std::string_view to_string(Transport transport);

// How a watch ended.
enum class WatchEnd : std::uint8_t { client, count, draining, compacted, slow, protocol, revoked, failed };
inline constexpr std::size_t watch_ends = 8;
std::string_view to_string(WatchEnd end);

// How a watch that named a place to go on from went on.
enum class Resume : std::uint8_t { complete, difference, reset, refused };
inline constexpr std::size_t resumes = 4;
std::string_view to_string(Resume resume);

// Counted by its own thread; any thread reads.
class Traffic {
 public:
  // An answer begins: to a request with that method at that route, `took` after its head was complete.
  void answered(Route route, Method method, int status, Clock::duration took) {
    answers_[place(route, method)].by_status[status_index(status)].add();
    if (status != 101) answers_[place(route, method)].durations.record(took);
  }

  struct Answers {
    std::array<Tally, statuses> by_status;
    Durations durations{duration_bounds};
  };
  const Answers& answers(Route route, Method method) const { return answers_[place(route, method)]; }

  std::array<Tally, transports> watchers;
  std::array<Tally, transports> events;
  std::array<Tally, watch_ends> ends;
  std::array<Tally, resumes> resumed;
  Sizes lag{size_bounds};  // revisions that a watcher was behind when it was handed the next ones, now and then

 private:
  static std::size_t place(Route route, Method method) {
    return static_cast<std::size_t>(route) * methods + static_cast<std::size_t>(method);
  }
  std::array<Answers, routes * methods> answers_;
};

}  // namespace kvs
