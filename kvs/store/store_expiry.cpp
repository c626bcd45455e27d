// How a store lets keys go whose time has come.
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "kvs/store/store.hpp"

namespace kvs {

void Store::note_deadlines(const Changes& changes) {
  auto before = expiry_.next();
  auto own = own_.begin();
  for (const Change& change : changes) {
    while (own != own_.end() && *own < change.revision()) ++own;
    expiry_.note(change, own != own_.end() && *own == change.revision());
  }
  auto next = expiry_.next();
  bool earlier = next && (!before || *next < *before);  // than the one that is waited for
  if (std::exchange(more_due_, false) || earlier) expiry_timer_->cancel();
}

LogTime Store::wall_clock() const {
  if (options_.wall_clock) return options_.wall_clock();
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Proposals are commands like any other; their places decide. A wrong wall clock makes them early, then they change
// nothing and come again, or late. However many are due, only so many go at once, and the next ones when a commit has
// come by: the order is for others, too.
awaitable<void> Store::propose_expiries() {
  constexpr std::chrono::milliseconds longest{1000};  // a wall clock may be set
  Clock::time_point not_before{};
  while (!stopping_) {
    LogTime now = wall_clock();
    if (phase() == Phase::ready && bus_up_ && propose(expiry_.due(now))) not_before = Clock::now() + Expiry::between;
    auto next = expiry_.next();
    more_due_ = next && *next <= now;
    auto wait = longest;
    if (next && *next > now) wait = std::min(wait, *next - now);
    if (next) {
      expiry_timer_->expires_at(std::max(Clock::now() + wait, not_before));
    } else {
      expiry_timer_->expires_at(Clock::time_point::max());
    }
    boost::system::error_code ignored;
    co_await expiry_timer_->async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

bool Store::propose(const std::vector<RecordRef>& due) {
  for (const RecordRef& record : due) {
    Command command;
    command.kind = Command::Kind::expire;
    command.record = Record::make(record->key(), std::string_view{});
    command.conditions.push_back({Condition::Kind::revision_in, {record->revision()}, {}});
    if (bus_.publish(std::move(command), {}) != PublishResult::accepted) break;  // they are proposed again
  }
  if (!due.empty()) bus_.flush();
  return !due.empty();
}

}  // namespace kvs
