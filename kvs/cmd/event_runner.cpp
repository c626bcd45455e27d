#include "kvs/cmd/event_runner.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <csignal>

#include "kvs/cmd/commands.hpp"

namespace kvs {
namespace {

// More changes than this wait in the server's history, not here.
constexpr std::size_t most_pending = 10'000, most_pending_bytes = 32 * 1024 * 1024;
// A key that never rests must not keep the program from ever running.
constexpr int longest_debounces = 10;
constexpr std::chrono::hours longest_debounce{24};

void set_text(Variables& variables, const std::string& name, const std::string& text) {
  bool fits = text.size() <= longest_variable && text.find('\0') == std::string::npos;
  variables[fits ? name : name + "_OMITTED"] = fits ? text : "1";
}

Variables environment_for(const Variables& base, const Item& change) {
  Variables variables = base;
  variables["KVS_OP"] = change.op;
  variables["KVS_REVISION"] = std::to_string(change.revision);
  set_text(variables, "KVS_KEY", change.key);
  if (change.value) set_text(variables, "KVS_VALUE", *change.value);
  return variables;
}

Variables without_ours(Variables variables) {
  for (const char* name : {"KVS_OP", "KVS_KEY", "KVS_VALUE", "KVS_REVISION", "KVS_VALUE_OMITTED", "KVS_KEY_OMITTED"})
    variables.erase(name);
  return variables;
}

std::string ending(const std::string& program, int code, const Item& change) {
  std::string how =
      code > 128 ? "was ended by signal " + std::to_string(code - 128) : "ended with exit code " + std::to_string(code);
  return program + " " + how + " (" + change.op + " " + change.key + ", revision " + std::to_string(change.revision) +
         ")";
}

}  // namespace

EventRunner::EventRunner(const Settings& settings, ResumeFile& resume)
    : argv_(settings.program()),
      environment_(without_ours(own_environment())),
      coalesce_(settings.on("coalesce")),
      fail_fast_(settings.on("fail-fast")),
      debounce_(settings.duration("debounce")),
      kill_timeout_(settings.duration("kill-timeout")),
      resume_(resume) {
  if (debounce_ > longest_debounce) throw settings.wrong("debounce", "at most 1d");
}

void EventRunner::take(const Item& change, const std::string& before) {
  last_ = Clock::now();
  if (pending_.empty()) first_ = last_;
  auto found = coalesce_ ? newest_.find(change.key) : newest_.end();
  bytes_ += change.json.size();
  if (found != newest_.end()) {
    bytes_ -= found->second->change.json.size();
    found->second->change = change;  // in the older one's place: `before` stays the smallest
  } else {
    pending_.push_back({change, before});
    if (coalesce_) newest_[change.key] = std::prev(pending_.end());
  }
  if (timer_) timer_->cancel();
}

void EventRunner::reached(const std::string& position) {
  position_ = position;
  if (pending_.empty() && !child_) resume_.keep(position_);
}

bool EventRunner::full() const { return pending_.size() >= most_pending || bytes_ >= most_pending_bytes; }

EventRunner::Clock::time_point EventRunner::due() const {
  return std::min(last_ + debounce_, first_ + longest_debounces * debounce_);
}

awaitable<void> EventRunner::wait_for_work(Timer& timer) {
  while (!abandoned_ && (pending_.empty() ? !stopping_ : !stopping_ && Clock::now() < due())) {
    timer.expires_at(pending_.empty() ? Clock::time_point::max() : due());
    timer_ = &timer;
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
    timer_ = nullptr;
  }
}

awaitable<void> EventRunner::work(Executor executor) {
  Timer timer(executor);
  while (true) {
    co_await wait_for_work(timer);
    if (abandoned_ || pending_.empty()) co_return;
    // What comes while these run is debounced, too.
    for (std::size_t due = pending_.size(); due > 0 && !abandoned_; --due) {
      Item change = std::move(pending_.front().change);
      if (coalesce_) newest_.erase(change.key);
      bytes_ -= change.json.size();
      co_await run(executor, std::move(change));
      if (!abandoned_) handed_over();
    }
    first_ = last_;
  }
}

// The entry stays at the front while its program runs, so that the place to go on from stays before it.
awaitable<void> EventRunner::run(Executor executor, Item change) {
  Variables variables = environment_for(environment_, change);
  std::string input = change.json + "\n";
  Child child(executor, argv_, variables, std::string_view(input));
  child_ = &child;
  int code = co_await child.wait();
  child_ = nullptr;
  if (code == 0 || abandoned_) co_return;
  Failure failure(exit_code::other, ending(argv_.front(), code, change));
  if (fail_fast_) throw failure;
  report(failure);
}

void EventRunner::handed_over() {
  pending_.pop_front();
  resume_.keep(pending_.empty() ? position_ : pending_.front().before);
}

void EventRunner::stop(int code) {
  stopping_ = true;
  abandoned_ = code != 0;
  if (timer_) timer_->cancel();
  if (!child_ || !abandoned_) return;
  child_->signal(SIGTERM);
  child_->kill_after(kill_timeout_);
}

}  // namespace kvs
