// Runs a program for each change, one after the other: kvs watch -- CMD.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/cmd/child.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/resume_file.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

// The program gets KVS_OP, KVS_KEY, KVS_VALUE and KVS_REVISION, and the event as a line of JSON on its standard input.
// A value with a NUL in it, or over longest_variable, is left out and KVS_VALUE_OMITTED=1 is there instead.
// How a program ended is said on stderr unless it was 0; with --fail-fast that is the end.
class EventRunner {
 public:
  using Clock = std::chrono::steady_clock;

  EventRunner(const Settings& settings, ResumeFile& resume);

  // `before` is where a watch would have to go on to get this change again.
  void take(const Item& change, const std::string& before);
  // Everything up to here was taken.
  void reached(const std::string& position);
  // Take no more until it is no longer so.
  bool full() const;

  // Until stop(); throws Failure with --fail-fast, or if the program cannot be started.
  awaitable<void> work(Executor executor);
  // 0: run what was taken, then end. Else: end as soon as the program that runs has ended; it is told to (SIGTERM), and
  // killed after --kill-timeout.
  void stop(int code);

 private:
  struct Pending {
    Item change;
    std::string before;
  };
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  awaitable<void> wait_for_work(Timer& timer);
  awaitable<void> run(Executor executor, Item change);
  Clock::time_point due() const;
  void handed_over();

  const Child::Argv argv_;
  const Variables environment_;
  const bool coalesce_, fail_fast_;
  const std::chrono::milliseconds debounce_, kill_timeout_;
  ResumeFile& resume_;
  std::list<Pending> pending_;
  std::map<std::string, std::list<Pending>::iterator, std::less<>> newest_;  // by key, with --coalesce
  std::size_t bytes_ = 0;
  std::string position_;
  Clock::time_point first_{}, last_{};  // when the changes came that wait
  Timer* timer_ = nullptr;              // while it waits for work
  Child* child_ = nullptr;              // while one runs
  bool stopping_ = false, abandoned_ = false;
};

}  // namespace kvs
