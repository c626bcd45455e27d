#include "kvs/cmd/serve_watchdog.hpp"

#include <boost/asio/post.hpp>

#include "kvs/units.hpp"

namespace kvs {

std::chrono::microseconds watchdog_interval(const std::string& usec, const std::string& pid, std::int64_t own_pid) {
  if (!pid.empty() && pid != std::to_string(own_pid)) return {};  // meant for a process that started this one
  constexpr std::uint64_t longest = std::uint64_t{1} << 52;
  auto number = parse_number(usec, longest);
  return std::chrono::microseconds{number ? *number : 0};
}

Watchdog::Watchdog(const Notifier& notifier, std::chrono::microseconds interval, Executor home,
                   std::vector<Executor> threads)
    : notifier_(notifier), period_(interval / 2), threads_(std::move(threads)), timer_(home) {}

void Watchdog::start() {
  if (period_.count() == 0 || !notifier_.anybody()) return;
  round();
  wait();
}

void Watchdog::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Watchdog::wait() {
  timer_.expires_after(period_);
  timer_.async_wait([this](boost::system::error_code) {
    if (stopped_) return;
    round();
    wait();
  });
}

void Watchdog::round() {
  if (threads_.empty()) return notifier_.alive();
  if (pending_ != 0) return;  // somebody has not answered the last time
  pending_ = threads_.size();
  for (const Executor& thread : threads_) asio::post(thread, [this] { answered(); });
}

void Watchdog::answered() {
  if (--pending_ == 0) notifier_.alive();
}

}  // namespace kvs
