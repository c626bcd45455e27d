#include "kvs/store/request_log.hpp"

#include <functional>

namespace kvs {

namespace {

std::uint64_t hash_of(std::string_view id) { return std::hash<std::string_view>{}(id); }

}  // namespace

void RequestLog::note(std::vector<Noted>& all) {
  std::lock_guard lock(mutex_);
  for (Noted& one : all) keep(std::move(one));
}

void RequestLog::note(Noted&& one) {
  std::lock_guard lock(mutex_);
  keep(std::move(one));
}

void RequestLog::keep(Noted&& one) {
  if (one.first.empty()) return;
  std::uint64_t hash = hash_of(one.first);
  if (noted_.size() < limit_) {
    noted_.push_back(std::move(one));
    hashes_.push_back(hash);
  } else {
    noted_[next_] = std::move(one);
    hashes_[next_] = hash;
  }
  next_ = (next_ + 1) % limit_;
}

std::optional<RequestLog::Entry> RequestLog::find(std::string_view id) const {
  std::uint64_t hash = hash_of(id);
  std::lock_guard lock(mutex_);
  for (std::size_t back = 1; back <= noted_.size(); ++back) {
    std::size_t place = next_ >= back ? next_ - back : next_ + limit_ - back;
    if (hashes_[place] == hash && noted_[place].first == id) return noted_[place].second;
  }
  return std::nullopt;
}

}  // namespace kvs
