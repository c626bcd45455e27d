#include "kvs/store/expiry.hpp"

namespace kvs {

void Expiry::start(const State& state) {
  for (auto at = state.begin(); at.get(); at.next()) {
    if (at.get()->expires()) note({Op::set, at.get(), {}}, false);
  }
}

void Expiry::note(const Change& change, bool own) {
  if (change.op == Op::answer) return;
  auto known = by_key_.find(change.record->key());
  if (known != by_key_.end()) {
    auto place = known->second;
    by_key_.erase(known);  // first: its key is the record's
    queue_.erase(place);
  }
  auto deadline = change.op == Op::set ? change.record->expires() : std::nullopt;
  if (!deadline) return;
  auto place = queue_.emplace(*deadline + (own ? std::chrono::milliseconds{0} : others_wait), change.record);
  by_key_.emplace(change.record->key(), place);
}

std::optional<LogTime> Expiry::next() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first;
}

std::vector<RecordRef> Expiry::due(LogTime now) {
  std::vector<RecordRef> records;
  while (!queue_.empty() && queue_.begin()->first <= now && records.size() < most_at_once) {
    auto first = queue_.begin();
    records.push_back(first->second);
    by_key_[first->second->key()] = queue_.emplace(now + again_after, first->second);
    queue_.erase(first);
  }
  return records;
}

}  // namespace kvs
