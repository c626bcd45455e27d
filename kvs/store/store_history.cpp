// How a store lets history go whose time has come (--history-age). What is asked for by size goes with every commit.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "kvs/log.hpp"
#include "kvs/store/store.hpp"

namespace kvs {

// Of what was there before this start, only where a segment begins is looked at: it goes by whole segments.
void Store::note_old_history() {
  if (!journal_ || options_.history_age.count() == 0) return;
  std::vector<Revision> begins = journal_->begins();
  for (std::size_t index = 1; index < begins.size(); ++index) {
    try {
      Changes next = journal_->read(begins[index], 1);
      if (!next.empty()) history_age_.note(begins[index], next.front().record->modified());
    } catch (const std::exception& error) {  // it goes with what comes after it
      log::warn("could not read how old the history is", {{"error", error.what()}});
    }
  }
  if (newest_.revision() != no_revision) history_age_.note(newest_.revision(), newest_.time());
}

awaitable<void> Store::forget_now_and_then() {
  while (!stopping_) {
    forget_old_history(wall_clock());
    if (history_age_.empty()) {
      age_timer_->expires_at(Clock::time_point::max());
    } else {
      age_timer_->expires_after(std::chrono::seconds{1});
    }
    boost::system::error_code ignored;
    co_await age_timer_->async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

// Whether reads of the past should find a state here: there are some in each age of history, however little is written.
// What comes live is new here, however far the log's clock is behind: watches must have their time to read it.
bool Store::note_age(const State& newest) {
  if (options_.history_age.count() == 0) return false;
  bool waits = history_age_.empty();
  LogTime time = newest.time();
  if (phase() != Phase::starting) time = std::max(time, wall_clock());
  bool mark = history_age_.note(newest.revision(), time);
  if (waits && age_timer_) age_timer_->cancel();
  return mark;
}

void Store::forget_old_history(LogTime now) {
  auto old = history_age_.too_old(now);
  if (!old) return;
  if (journal_ && !journal_ended_) {
    try {
      journal_->forget(*old);
    } catch (const std::exception& error) {  // files that are not removed are so by a later start
      log::warn("old history could not be removed", {{"error", error.what()}});
    }
  }
  past_.forget(newest_, *old);
  if (phase() == Phase::starting) return;  // the threads' histories begin when it is ready
  for (View* view : views_) asio::post(view->executor(), [view, until = *old] { view->forget(until); });
}

}  // namespace kvs
