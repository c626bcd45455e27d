// The end: polite by the first signal, at once by the second or when the time is up.
#include <boost/asio/redirect_error.hpp>
#include <cstdlib>
#include <future>

#include "kvs/cmd/exit_code.hpp"
#include "kvs/cmd/serving.hpp"
#include "kvs/log.hpp"

namespace kvs {

namespace {

constexpr std::chrono::milliseconds look_again{10};  // while waiting for connections to end
constexpr std::chrono::seconds last_grace{1};        // for connections that were cut

}  // namespace

awaitable<void> Serving::wait_for_signal() {
  boost::system::error_code error;
  co_await signals_->async_wait(asio::redirect_error(use_awaitable, error));
  if (error || std::exchange(ending_, true)) co_return;
  log::info("stopping");
  signals_->async_wait([this](boost::system::error_code again, int) {
    if (again) return;
    log::warn("stopping at once, by a second signal");
    forced_ = true;
  });
  co_await shut_down();
}

// Polite first: finish what was asked, send watchers the last changes; forced when the time is up.
awaitable<void> Serving::shut_down() {
  Timer timer(first().executor());
  boost::system::error_code ignored;
  start_timer_->cancel();
  notifier_.stopping("draining", options_.shutdown_delay + options_.shutdown_timeout + 2 * last_grace);
  on_all(&Worker::announce_leave);
  auto delay_end = Clock::now() + options_.shutdown_delay;
  while (Clock::now() < delay_end && !forced_) {
    timer.expires_after(look_again);
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
  auto deadline = deadline_ = Clock::now() + options_.shutdown_timeout;
  server_->stop_accepting();
  log::info("the listeners are closed", {{"connections", counters_.connections.load()}});
  on_all(&Worker::drain);
  co_await connections_end(Clock::now() + options_.shutdown_timeout / 2, false);
  watchdog_->end_is_near();
  store_.stop();
  bool polite = co_await connections_end(deadline, true);
  if (!polite) {
    log::warn("cutting the connections that are left", {{"connections", counters_.connections.load()}});
    forced_ = true;
    on_all(&Worker::abort_all);
    auto grace = Clock::now() + last_grace;
    while (counters_.connections.load() != 0 && Clock::now() < grace) {
      timer.expires_after(look_again);
      co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
    }
    if (counters_.connections.load() != 0) std::_Exit(exit_code::ok);  // what is durable is durable
  }
  while (!writer_gone_) {
    bool late = Clock::now() >= deadline + last_grace;
    if (late) log::warn("ending without the writer, which has not come to its end; what was acknowledged is kept");
    if (late || forced_) std::_Exit(exit_code::ok);
    timer.expires_after(look_again);
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
  end_threads();
}

awaitable<bool> Serving::connections_end(Clock::time_point deadline, bool watches_too) {
  Timer timer(first().executor());
  for (;;) {
    std::uint64_t left = counters_.connections.load();
    if (!watches_too) left -= std::min(left, counters_.watchers.load());
    if (left == 0) co_return true;
    if (forced_ || Clock::now() >= deadline) co_return false;
    timer.expires_after(look_again);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

void Serving::end_threads() {
  boost::system::error_code ignored;
  signals_->cancel(ignored);
  hangups_->cancel(ignored);
  start_timer_->cancel();
  watchdog_->stop();
  for (auto& worker : workers_) {
    asio::post(worker->executor(), [one = worker.get()] { one->view().timeouts().stop(); });
  }
  guards_.clear();
}

// A signal ends the process from here on: the journal has everything, the snapshot is for the next start's speed.
void Serving::write_last_snapshot() {
  signals_.reset();
  hangups_.reset();
  if (forced_ || store_.phase() == Phase::failed) return;
  std::stop_source stop;
  auto written = std::async(std::launch::async, [&] { store_.write_last_snapshot(stop.get_token()); });
  if (written.wait_until(deadline_) == std::future_status::timeout) stop.request_stop();
  written.get();
}

void Serving::writer_ended() {
  writer_gone_ = true;
  if (!std::exchange(ending_, true)) {  // it could not load: nothing to serve
    on_all(&Worker::abort_all);
    server_->stop_accepting();
    end_threads();
  }
}

}  // namespace kvs
