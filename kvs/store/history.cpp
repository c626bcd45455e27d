#include "kvs/store/history.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace kvs {

namespace {

// What a change replaced is often in the history already; then it is counted twice, which is the safe side.
std::size_t footprint_of(const Changes& changes) {
  std::size_t bytes = sizeof(Commit);
  for (const Change& change : changes) {
    bytes += sizeof(Change) + change.record->footprint();
    if (change.previous) bytes += change.previous->footprint();
  }
  return bytes;
}

}  // namespace

Commit::Commit(Revision before, Changes changes)
    : before_(before), changes_(std::move(changes)), footprint_(footprint_of(changes_)) {
  assert(!changes_.empty());
}

const Rendering& Commit::rendering(std::size_t kind, const std::function<Rendering(const Commit&)>& make) const {
  Slot& slot = slots_[kind];
  std::call_once(slot.once, [&] {
    slot.rendering = make(*this);
    std::size_t bytes = slot.rendering.bytes.capacity() + slot.rendering.ends.capacity() * sizeof(std::uint32_t);
    rendered_.fetch_add(bytes, std::memory_order_relaxed);
  });
  return slot.rendering;
}

void History::count(Entry& entry) {
  std::size_t now = entry.commit->footprint();
  bytes_ += now - std::exchange(entry.counted, now);
}

void History::push(CommitRef commit) {
  if (!commits_.empty()) {
    count(commits_.back());
    count(commits_[turn_++ % commits_.size()]);
  }
  newest_ = commit->last();
  std::size_t bytes = commit->footprint();
  bytes_ += bytes;
  commits_.push_back({std::move(commit), bytes});
  while (bytes_ > max_bytes_ && commits_.size() > 1) drop_oldest();
}

void History::forget(Revision until) {
  while (!commits_.empty() && commits_.front().commit->last() <= until) drop_oldest();
}

void History::drop_oldest() {
  bytes_ -= commits_.front().counted;
  oldest_ = commits_.front().commit->last();
  commits_.pop_front();
}

void History::read(Revision after, std::size_t max_bytes, std::vector<CommitRef>& out) const {
  assert(after >= oldest_);
  auto one = std::partition_point(commits_.begin(), commits_.end(),
                                  [&](const Entry& entry) { return entry.commit->last() <= after; });
  std::size_t bytes = 0;
  for (; one != commits_.end() && (bytes == 0 || bytes + one->commit->footprint() <= max_bytes); ++one) {
    bytes += one->commit->footprint();
    out.push_back(one->commit);
  }
}

void History::read_back(Revision until, std::size_t max_bytes, std::vector<CommitRef>& out) const {
  auto end = std::partition_point(commits_.begin(), commits_.end(),
                                  [&](const Entry& entry) { return entry.commit->last() <= until; });
  std::size_t bytes = 0;
  while (end != commits_.begin() && (bytes == 0 || bytes + std::prev(end)->commit->footprint() <= max_bytes)) {
    bytes += (--end)->commit->footprint();
    out.push_back(end->commit);
  }
}

}  // namespace kvs
