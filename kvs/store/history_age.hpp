// Which part of the history has become too old, by log time.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "kvs/record.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// The history in slices, each of them a sixty-fourth of the age long: a slice is too old when the newest change in it
// is. So there are some 65 of them, however much is written, if it is looked at that often.
class HistoryAge {
 public:
  explicit HistoryAge(std::chrono::milliseconds most) : most_(most), slice_(most / 64) {}

  // Everything after what was noted before, up to `last`, was changed at `time` or before. `last` only rises.
  // True for the first of the slices that begin with it, and for every `mark_every`-th after it.
  bool note(Revision last, LogTime time);
  // The newest revision that has become too old since the last call, and all before it with it.
  std::optional<Revision> too_old(LogTime now);
  bool empty() const { return slices_.empty(); }

 private:
  struct Slice {
    LogTime begin, end;  // log times of what was noted first and last
    Revision last;
  };

  static constexpr std::uint64_t mark_every = 4;

  const std::chrono::milliseconds most_, slice_;
  std::deque<Slice> slices_;
  std::uint64_t begun_ = 0;
};

}  // namespace kvs
