// A state as events, or what of it is new to a watch: an initial state, a reset, a difference.
#pragma once
#include <map>
#include <optional>
#include <string_view>

#include "kvs/net/event_frames.hpp"
#include "kvs/net/watch_request.hpp"
#include "kvs/store/state_scan.hpp"

namespace kvs {

// Whether a state knows everything that was deleted after that revision, so that a difference can be told.
inline bool knows_difference(const State& state, Revision since) { return state.oldest_tombstone() <= since; }

// In key order, each key once. Holds the state; the request must outlive it.
class StateEvents {
 public:
  // `since`: only what has changed after it, and what has gone since; the state must know_difference().
  StateEvents(State state, const WatchRequest& request, std::optional<Revision> since = std::nullopt);

  // What comes before it where a history has a gap: the control event `diff` or `reset`.
  void announce(EventFrames& frames, Revision oldest) const;
  // Appends about 64 KiB more, or nothing if there is much to be looked at. False: that was the last.
  bool append_to(EventFrames& frames);
  Revision revision() const { return state_.revision(); }
  const State& state() const { return state_; }

 private:
  bool gather();
  void note(const Record& tombstone);
  bool append_next(EventFrames& frames);

  const State state_;
  const WatchRequest& request_;
  const std::optional<Revision> since_;
  State::Cursor tombstones_;
  bool gathering_ = false;
  std::map<std::string_view, const Record*> gone_;  // the newest tombstone of each key that is not there now
  StateScan scan_;
  const Record* live_ = nullptr;  // the next of the scan
};

}  // namespace kvs
