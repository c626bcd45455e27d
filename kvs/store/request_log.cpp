#include "kvs/store/request_log.hpp"

namespace kvs {

void RequestLog::note(std::string&& id, const Entry& entry) {
  if (id.empty()) return;
  std::lock_guard lock(mutex_);
  auto [place, is_new] = entries_.insert_or_assign(std::move(id), entry);
  if (!is_new) return;
  order_.push_back(&place->first);
  if (order_.size() <= limit_) return;
  entries_.erase(*order_.front());
  order_.pop_front();
}

std::optional<RequestLog::Entry> RequestLog::find(std::string_view id) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

}  // namespace kvs
