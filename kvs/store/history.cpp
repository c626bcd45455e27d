#include "kvs/store/history.hpp"

#include <algorithm>
#include <cassert>

namespace kvs {

namespace {

constexpr std::size_t event_overhead = 200;  // the JSON around key and value

std::size_t footprint_of(const Changes& changes) {
  std::size_t bytes = sizeof(Commit);
  for (const Change& change : changes) bytes += sizeof(Change) + 2 * change.record->footprint() + event_overhead;
  return bytes;
}

}  // namespace

Commit::Commit(Revision before, Changes changes)
    : before_(before), changes_(std::move(changes)), footprint_(footprint_of(changes_)) {
  assert(!changes_.empty());
}

const Rendering& Commit::rendering(std::size_t kind, const std::function<Rendering(const Commit&)>& make) const {
  Slot& slot = slots_[kind];
  std::call_once(slot.once, [&] { slot.rendering = make(*this); });
  return slot.rendering;
}

void History::push(CommitRef commit) {
  newest_ = commit->last();
  bytes_ += commit->footprint();
  commits_.push_back(std::move(commit));
  while (bytes_ > max_bytes_ && commits_.size() > 1) {
    bytes_ -= commits_.front()->footprint();
    oldest_ = commits_.front()->last();
    commits_.pop_front();
  }
}

void History::read(Revision after, std::size_t max_bytes, std::vector<CommitRef>& out) const {
  assert(after >= oldest_);
  auto one = std::partition_point(commits_.begin(), commits_.end(),
                                  [&](const CommitRef& commit) { return commit->last() <= after; });
  std::size_t bytes = 0;
  for (; one != commits_.end() && (bytes == 0 || bytes + (*one)->footprint() <= max_bytes); ++one) {
    bytes += (*one)->footprint();
    out.push_back(*one);
  }
}

}  // namespace kvs
