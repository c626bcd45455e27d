// The recent changes, in memory: what watchers that keep up read from.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kvs/change.hpp"

namespace kvs {

// Text made from a commit once and shared by all who send it.
struct Rendering {
  std::string bytes;
  std::vector<std::uint32_t> ends;  // where each change's piece ends in `bytes`, if the rendering has pieces
};

// Changes made durable and visible together; immutable and shared by all threads. Never splits a revision.
class Commit {
 public:
  Commit(Revision before, Changes changes);

  Revision before() const { return before_; }  // newest revision before this commit
  Revision last() const { return changes_.back().revision(); }
  const Changes& changes() const { return changes_; }
  // Bytes of memory, with the renderings made so far.
  std::size_t footprint() const { return footprint_ + rendered_.load(std::memory_order_relaxed); }
  std::size_t size() const { return footprint_; }  // the same without any rendering

  // The rendering of that kind, made by the first caller of any thread. What the kinds mean is the caller's.
  static constexpr std::size_t renderings = 5;
  const Rendering& rendering(std::size_t kind, const std::function<Rendering(const Commit&)>& make) const;

 private:
  struct Slot {
    std::once_flag once;
    Rendering rendering;
  };
  const Revision before_;
  const Changes changes_;
  const std::size_t footprint_;
  mutable std::atomic<std::size_t> rendered_{0};
  mutable std::array<Slot, renderings> slots_;
};
using CommitRef = std::shared_ptr<const Commit>;

// The newest commits, bounded in bytes, without gaps. One thread; the commits themselves are shared between the
// threads. A rendering counts if it was made before the next commit came, as those for watches that keep up are; that
// of an older commit, for a watch that catches up, when its turn comes: with each commit there is one.
class History {
 public:
  explicit History(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Where the history begins while it is empty: nothing at or before `revision` can be had from here.
  void start(Revision revision) { oldest_ = newest_ = revision; }
  void push(CommitRef commit);
  // Lets go the commits that hold nothing after `until`.
  void forget(Revision until);

  Revision oldest() const { return oldest_; }  // the smallest `after` that read() can serve
  Revision newest() const { return newest_; }

  // The commits that hold everything after `after` (>= oldest()), oldest first: at least one if there is any, then as
  // many as fit into `max_bytes`. The first may also hold changes at or before `after`.
  void read(Revision after, std::size_t max_bytes, std::vector<CommitRef>& out) const;
  // The other way: the commits with nothing after `until`, newest first, within `max_bytes` and at least one if there
  // is any.
  void read_back(Revision until, std::size_t max_bytes, std::vector<CommitRef>& out) const;

 private:
  struct Entry {
    CommitRef commit;
    std::size_t counted;  // of its footprint, which grows when it is rendered
  };
  void count(Entry& entry);
  void drop_oldest();

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  Revision oldest_ = no_revision;
  Revision newest_ = no_revision;
  std::deque<Entry> commits_;
  std::size_t turn_ = 0;  // of an older commit to be counted again
};

}  // namespace kvs
