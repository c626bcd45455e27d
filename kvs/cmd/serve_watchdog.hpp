// Shows the service manager that no thread hangs.
#pragma once
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/cmd/serve_notifier.hpp"

namespace kvs {

// How often the service manager wants to hear of this process: $WATCHDOG_USEC, if $WATCHDOG_PID is this one or is not
// set. 0: not at all.
std::chrono::microseconds watchdog_interval(const std::string& usec, const std::string& pid, std::int64_t own_pid);

// Every round asks all threads to run a handler; when the last one has, the manager is told. A thread that hangs ends
// the rounds, and the manager ends the process.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  // Rounds begin on `home`'s thread, two in each `interval`. `threads` must outlive it, home among them.
  Watchdog(const Notifier& notifier, std::chrono::microseconds interval, Executor home, std::vector<Executor> threads);

  // From now on, on home's thread. Does nothing if the interval is 0.
  void start();
  // The threads are ending, and somebody else keeps the time of that: nobody is asked any more. Home's thread.
  void end_is_near() { threads_.clear(); }
  // Home's thread.
  void stop();

 private:
  void wait();
  void round();
  void answered();

  const Notifier& notifier_;
  const std::chrono::microseconds period_;
  std::vector<Executor> threads_;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer_;
  std::atomic<std::size_t> pending_{0};  // threads that have not answered yet
  bool stopped_ = false;
};

}  // namespace kvs
