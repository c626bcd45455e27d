#include "kvs/net/state_events.hpp"

#include "kvs/net/record_json.hpp"
#include "kvs/store/tombstone.hpp"

namespace kvs {

namespace {

constexpr int looked_at_once = 10'000;  // keys and tombstones: the thread has other connections

}  // namespace

StateEvents::StateEvents(State state, const WatchRequest& request, std::optional<Revision> since)
    : state_(std::move(state)), request_(request), since_(since), scan_(state_, request.filter) {
  live_ = scan_.next();
  if (!since_) return;
  gathering_ = true;
  tombstones_ = state_.tombstones_after(*since_);
}

void StateEvents::announce(EventFrames& frames, Revision oldest) const {
  if (since_) {
    append_diff(frames.begin(), *since_, state_.revision());
  } else {
    append_reset(frames.begin(), state_.revision(), oldest);
  }
  frames.end();
  frames.flush();
}

void StateEvents::note(const Record& record) {
  Tombstone tombstone = read_tombstone(record);
  if (!request_.filter.matches(tombstone.key) || state_.find(tombstone.key)) return;
  gone_[tombstone.key] = &record;  // they come by revision: the newest is the last
}

// What has gone is known by revision, and is to be told by key.
bool StateEvents::gather() {
  for (int looked = 0; looked < looked_at_once; ++looked) {
    const Record* record = tombstones_.get();
    if (!record) return false;
    note(*record);
    tombstones_.next();
  }
  return true;
}

// The smaller key of both.
bool StateEvents::append_next(EventFrames& frames) {
  if (!live_ && gone_.empty()) return false;
  if (!gone_.empty() && (!live_ || gone_.begin()->first < live_->key())) {
    Tombstone tombstone = read_tombstone(*gone_.begin()->second);
    if (request_.ops.has(tombstone.op)) {
      append_removal(frames.begin(), tombstone, {.initial = true});
      frames.end();
    }
    gone_.erase(gone_.begin());
    return true;
  }
  if (request_.ops.has(Op::set) && (!since_ || live_->revision() > *since_)) {
    append_initial_event(frames.begin(), *live_, request_.value);
    frames.end();
  }
  live_ = scan_.next();
  return true;
}

bool StateEvents::append_to(EventFrames& frames) {
  if (gathering_) {
    gathering_ = gather();
    return true;
  }
  bool more = true;
  for (int looked = 0; more && looked < looked_at_once && frames.out().size() < event_message_bytes; ++looked) {
    more = append_next(frames);
    frames.end_revision();
  }
  if (!more) frames.flush();
  return more;
}

}  // namespace kvs
