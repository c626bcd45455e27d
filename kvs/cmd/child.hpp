// A program that a command of ours runs.
#pragma once
#include <sys/types.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/async.hpp"

namespace kvs {

// Variables of an environment, by name.
using Variables = std::map<std::string, std::string, std::less<>>;
// What this process has.
Variables own_environment();

// The longest value that is put into a variable; the system's own limit for one is 128 KiB.
inline constexpr std::size_t longest_variable = 32 * 1024;

// One process, from its start to its end. One thread, the executor's. Whoever destroys it while it runs leaves it
// running.
class Child {
 public:
  using Argv = std::vector<std::string>;

  // `argv[0]` is looked up in PATH. With `input` that is its standard input, else ours is. Throws Failure if the
  // program cannot be started.
  Child(Executor executor, const Argv& argv, const Variables& environment, std::optional<std::string_view> input);

  // Its exit code, or 128 and the number of the signal that ended it. One waiter.
  awaitable<int> wait();
  void signal(int number) const { process_->signal(number); }
  // From now on: SIGKILL if it has not ended by then. Ends no wait by itself.
  void kill_after(std::chrono::milliseconds patience);

 private:
  // The kill's handler may be on its way already when the program's end comes first.
  struct Process {
    pid_t pid;
    bool ended = false;  // and waited for: its number may be another's
    void signal(int number) const;
  };
  std::shared_ptr<Process> process_;
  asio::posix::basic_stream_descriptor<Executor> end_;  // a pidfd: readable when the process has ended
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>
      patience_;
};

// In place of this process; returns never. Throws Failure.
[[noreturn]] void become(const Child::Argv& argv, const Variables& environment);

}  // namespace kvs
