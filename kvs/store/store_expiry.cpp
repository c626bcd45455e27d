// How a store lets keys go whose time has come.
#include <boost/asio/redirect_error.hpp>

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
  if (next && (!before || *next < *before)) expiry_timer_->cancel();  // it waits for a later one
}

LogTime Store::wall_clock() const {
  if (options_.wall_clock) return options_.wall_clock();
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Proposals are commands like any other; their places decide. A wrong wall clock makes them early, then they change
// nothing and come again, or late.
awaitable<void> Store::propose_expiries() {
  constexpr std::chrono::milliseconds longest{1000};  // a wall clock may be set
  while (!stopping_) {
    auto next = expiry_.next();
    LogTime now = wall_clock();
    if (next && *next <= now && phase() == Phase::ready && bus_up_) {
      for (const RecordRef& record : expiry_.due(now)) propose(record);
      bus_.flush();
      continue;
    }
    auto wait = longest;
    if (next && *next > now) wait = std::min(wait, *next - now);
    if (next) {
      expiry_timer_->expires_after(wait);
    } else {
      expiry_timer_->expires_at(Clock::time_point::max());
    }
    boost::system::error_code ignored;
    co_await expiry_timer_->async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

void Store::propose(const RecordRef& record) {
  Command command;
  command.kind = Command::Kind::expire;
  command.record = Record::make(record->key(), std::string_view{});
  command.conditions.push_back({Condition::Kind::revision_in, {record->revision()}, {}});
  bus_.publish(std::move(command), {});  // if it can't go now, it is proposed again
}

}  // namespace kvs
