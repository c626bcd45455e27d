#include "kvs/store/history_age.hpp"

#include <algorithm>

namespace kvs {

bool HistoryAge::note(Revision last, LogTime time) {
  if (slices_.empty() || time - slices_.back().begin > slice_) {
    slices_.push_back({time, time, last});
    return begun_++ % mark_every == 0;
  }
  slices_.back().end = std::max(slices_.back().end, time);
  slices_.back().last = last;
  return false;
}

std::optional<Revision> HistoryAge::too_old(LogTime now) {
  std::optional<Revision> newest;
  while (!slices_.empty() && slices_.front().end < now - most_) {
    newest = slices_.front().last;
    slices_.pop_front();
  }
  return newest;
}

}  // namespace kvs
