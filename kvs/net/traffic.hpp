// What one I/O thread counts of its requests and watches, for /metrics.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

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
enum class WatchOutcome : std::uint8_t { client, count, draining, compacted, slow, protocol, revoked, failed };
inline constexpr std::size_t watch_outcomes = 8;
std::string_view to_string(WatchOutcome end);

// How a watch that named a place to go on from went on.
enum class Resume : std::uint8_t { complete, difference, reset, refused };
inline constexpr std::size_t resumes = 4;
std::string_view to_string(Resume resume);

// What clients do, and what came of it.
enum class KeyOperation : std::uint8_t { get, list, set, touch, remove, remove_range, transaction };
inline constexpr std::size_t key_operations = 7;
std::string_view to_string(KeyOperation operation);
enum class Result : std::uint8_t { ok, nothing, refused, failed, no_room, unknown, reused };
inline constexpr std::size_t results = 7;
std::string_view to_string(Result result);

// Why a command did not get into the order, or nobody knows whether it did.
enum class PublishFailure : std::uint8_t { full, away, too_large, failed, unknown };
inline constexpr std::size_t publish_failures = 5;
std::string_view to_string(PublishFailure failure);

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

  void done(KeyOperation operation, Result result) {
    operations_done[static_cast<std::size_t>(operation) * results + static_cast<std::size_t>(result)].add();
  }
  void count(Transport transport, std::uint64_t changes) { events[static_cast<std::size_t>(transport)].add(changes); }
  void ended(WatchOutcome outcome) { ends[static_cast<std::size_t>(outcome)].add(); }
  void went_on(Resume resume) { resumed[static_cast<std::size_t>(resume)].add(); }
  void failed(PublishFailure failure) { unpublished[static_cast<std::size_t>(failure)].add(); }

  std::array<Tally, key_operations * results> operations_done;
  std::array<Tally, publish_failures> unpublished;
  Durations published{duration_bounds};  // from a write's request until its command came back, judged and durable
  std::array<Tally, transports> watchers;
  std::array<Tally, transports> events;
  std::array<Tally, watch_outcomes> ends;
  std::array<Tally, resumes> resumed;
  Sizes lag{size_bounds};  // revisions that a watcher was behind when it was handed the next ones, now and then

 private:
  static std::size_t place(Route route, Method method) {
    if (route == Route::unknown_v1) route = Route::unknown;  // both are "other"
    return static_cast<std::size_t>(route) * methods + static_cast<std::size_t>(method);
  }
  std::array<Answers, routes * methods> answers_;
};

// As long as it lives, one more is counted.
class Counted {
 public:
  explicit Counted(std::atomic<std::uint64_t>& count) : count_(&count) { ++*count_; }
  Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Counted& operator=(Counted&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Counted() {
    if (count_) --*count_;
  }

 private:
  std::atomic<std::uint64_t>* count_;
};

}  // namespace kvs
