// The server as `kvs serve` runs it: what it consists of, and its life from the start to the end.
#pragma once
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/serve_notifier.hpp"
#include "kvs/cmd/serve_watchdog.hpp"
#include "kvs/net/server.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/store.hpp"

namespace kvs {

// Owns everything the server consists of, in the order in which it stands on each other.
class Serving {
 public:
  Serving(const Settings& settings, const ServeOptions& options);

  // Until a signal, or until the data can't be served (throws). Returns the exit code.
  int run();

 private:
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  Worker& first() { return *workers_.front(); }

  // serve.cpp: the start.
  void open_listeners();
  void say_durability() const;
  void banner() const;
  std::vector<Executor> watched_threads();
  awaitable<void> tell_of_start();
  void run_writer();
  void loaded(Clock::duration load);
  void say_ready(Clock::duration load) const;
  void became_ready();

  // serve_reload.cpp: SIGHUP.
  awaitable<void> follow_hangups();
  void read_settings_again();
  void read_auth_file();
  void read_certificate();
  void read_settings();
  void take_in(const ServeOptions& options);

  // serve_end.cpp: SIGTERM and SIGINT.
  awaitable<void> wait_for_signal();
  awaitable<void> shut_down();
  awaitable<bool> connections_end(Clock::time_point deadline, bool watches_too);
  void writer_ended();
  void end_threads();
  void write_last_snapshot();

  void on_all(void (Worker::*what)());

  const Settings& settings_;
  const ServeOptions& options_;
  const ServerOptions server_options_;
  ServerCounters counters_;
  PosixFiles files_{PosixFiles::Owner::of_directory};
  asio::io_context writer_{1};
  std::unique_ptr<Bus> bus_;  // reads on the writer's thread
  Store store_;
  Workers workers_;
  std::optional<Server> server_;
  const Notifier notifier_;
  std::optional<Watchdog> watchdog_;
  std::optional<Timer> start_timer_;
  std::optional<asio::basic_signal_set<Executor>> signals_;
  std::optional<asio::basic_signal_set<Executor>> hangups_;
  Clock::time_point deadline_ = Clock::time_point::max();  // of the polite end, once that has begun
  std::vector<asio::executor_work_guard<Executor>> guards_;
  std::exception_ptr load_error_;
  std::atomic<std::size_t> unready_{0};  // threads that do not serve the loaded data yet
  const bool on_terminal_;
  std::vector<std::string> urls_;  // of the listeners
  bool ready_ = false;             // the first worker's thread
  bool ending_ = false;            // the same
  bool writer_gone_ = false;       // the same
  std::atomic<bool> forced_{false};
};

}  // namespace kvs
