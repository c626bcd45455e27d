// Earlier states: a few roots kept along the history, from which any state in between is a few changes away.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "kvs/change.hpp"
#include "kvs/store/history.hpp"
#include "kvs/store/state.hpp"
#include "kvs/timeouts.hpp"

namespace kvs {

// Any thread. A root kept costs what was changed since: its own old nodes and values.
class Past {
 public:
  // A root is kept for every `spacing` bytes of changes. What is pinned may keep as much in memory as the newest of it
  // takes, and `least` in any case.
  explicit Past(std::uint64_t spacing, std::uint64_t least = std::uint64_t{128} * 1024 * 1024)
      : spacing_(spacing), least_(least) {}

  // Where the history begins for this process.
  void start(const State& state);
  // A commit was made, and gave `state`; the history reaches back to `oldest` now. A root from before that leads
  // nowhere: what came between it and the history is not known. `keep`: this state is one, however little was changed.
  void note(const Commit& commit, const State& state, Revision oldest, Clock::time_point now, bool keep = false);

  // The history reaches back to `oldest` only; `newest` is what there is now.
  void forget(const State& newest, Revision oldest);

  // The newest state kept that is not newer than `revision`; nothing: there is none. `exact`: nothing was changed
  // between the two, as far as is known.
  struct Found {
    State state;
    bool exact = false;
    bool made = false;  // it is one that pin() was told had to be made
  };
  std::optional<Found> before(Revision revision) const;
  // The smallest revision before() has a root for.
  Revision oldest() const;

  // For somebody who may come back for the next page: the state as of `revision`, kept for a minute from the last call
  // on. Of more than 64 of them those asked for last, and of those that had to be `made`, and so share little with
  // others, of more than 8; fewer if old states keep too much in memory. What the history holds can be made again.
  void pin(const State& state, Revision revision, Clock::time_point now, bool made = false);

 private:
  static constexpr std::chrono::seconds pinned_for{60};
  static constexpr std::size_t most_pinned = 64;
  static constexpr std::ptrdiff_t most_made = 8;
  struct Pinned {
    State state;
    Revision as_of;  // nothing was changed from the state's own revision up to here
    Clock::time_point until;
    bool made;
  };

  template <class Goes>
  std::vector<Pinned> take_out(Goes goes);
  std::deque<State> drop_roots(Revision oldest);
  bool pins_keep_too_much() const;

  const std::uint64_t spacing_;
  const std::uint64_t least_;
  mutable std::mutex mutex_;
  std::deque<State> roots_;  // by revision
  std::vector<Pinned> pinned_;
  std::uint64_t since_ = 0;  // bytes of changes after the newest root
};

// A state of the past in the making: a root with what was changed after it.
class PastState {
 public:
  explicit PastState(State base, StateLimits limits);

  // Whole commits in their order, from the next one on, as far as they are not newer than `until`.
  void add(const std::vector<CommitRef>& commits, Revision until);
  Revision revision() const { return revision_; }
  State finish() { return editor_.commit(revision_, time_); }  // once, at the end

 private:
  Revision revision_;
  LogTime time_;
  StateEditor editor_;
};

}  // namespace kvs
