// The keys that have a deadline, by deadline: which of them are due, so that somebody proposes to expire them.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kvs/change.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// Proposals only: whether a key goes is judged at the place of the proposal in the order. Costs nothing for keys
// without a deadline. One thread, the writer's.
class Expiry {
 public:
  // The instance that took a write proposes its expiry at the deadline, every other one this much later.
  static constexpr std::chrono::milliseconds others_wait{250};
  // A proposal that led to nothing (lost, or the bus was away) is made again after this.
  static constexpr std::chrono::milliseconds again_after{1000};
  static constexpr std::size_t most_at_once = 1000;
  // Between two proposals, if not more is due than goes at once: keys that expire one after the other share a place on
  // disk, as the writes of many clients do.
  static constexpr std::chrono::milliseconds between{20};

  // All keys of a state.
  void start(const State& state);
  // A change that was applied. `own`: this instance took the write.
  void note(const Change& change, bool own);

  // When due() will next have something, as far as is known now; nothing: no key has a deadline.
  std::optional<LogTime> next() const;
  // The records whose expiry is to be proposed now, at most most_at_once of them.
  std::vector<RecordRef> due(LogTime now);

  std::size_t size() const { return by_key_.size(); }

 private:
  using Queue = std::multimap<LogTime, RecordRef>;  // by the time of the next proposal

  Queue queue_;
  std::unordered_map<std::string_view, Queue::iterator> by_key_;  // the keys of the records in the queue
};

}  // namespace kvs
