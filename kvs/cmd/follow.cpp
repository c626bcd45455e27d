#include "kvs/cmd/follow.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <optional>

#include "kvs/cmd/backoff.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/limits.hpp"
#include "kvs/net/client_watch.hpp"

namespace kvs {
namespace {

using std::chrono::milliseconds;
using Timer = asio::basic_waitable_timer<ClientClock, asio::wait_traits<ClientClock>, Executor>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Signals = asio::basic_signal_set<Executor>;

bool worth_another_try(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

bool worth_another_try(const WatchEnd& end) {
  return end.code != 1002 && end.code != 1003 && end.code != 1007 && end.code != 1008 && end.code != 1009 &&
         (end.code < 4000 || end.code > 4999);
}

Failure failure_from(const WatchEnd& end) {
  int code = end.code == 4410 ? exit_code::watch_gap : end.code == 1008 ? exit_code::not_allowed : exit_code::other;
  std::string words = end.reason.empty() ? "code " + std::to_string(end.code) : end.reason;
  return {code, "the server ended the watch: " + words};
}

class Follower {
 public:
  Follower(const Settings& settings, Feed& feed)
      : remote_(settings), feed_(feed), quiet_(settings.on("quiet")), output_(remote_.context()) {
    // For a watch --timeout is its whole life, and only if it was asked for there and then.
    if (settings.source("timeout") == Source::flag) end_at_ = ClientClock::now() + settings.duration("timeout");
  }

  int run() {
    watch_signals();
    watch_output();
    watch_clock();
    asio::co_spawn(remote_.context(), follow(), [this](const std::exception_ptr& error) {
      watch_ = nullptr;  // gone with the coroutine that held it
      following_ = false;
      ended(error);
    });
    asio::co_spawn(remote_.context(), feed_.work(remote_.context().get_executor()),
                   [this](const std::exception_ptr& error) {
                     working_ = false;
                     ended(error);
                   });
    remote_.context().run();
    if (failed_) std::rethrow_exception(failed_);
    if (nobody_reads_) throw OutputClosed();
    return code_;
  }

 private:
  void ended(const std::exception_ptr& error) {
    if (error && !failed_) failed_ = error;
    if (error) finish_politely(exit_code::other);
    if (!following_ && !working_) remote_.context().stop();
  }

  awaitable<void> follow() {
    while (!done_) {
      ClientWatch watch(remote_.context().get_executor(), remote_.address(), remote_.trace());
      watch_ = &watch;
      std::string loss = co_await once(watch);
      watch_ = nullptr;
      bool at_once = std::exchange(anew_, false);
      if (!done_ && feed_.full()) {
        co_await wait_for_room();
      } else if (!done_ && !at_once) {
        co_await wait_after(loss);
      }
    }
  }

  // One connection, from open to end: why it ended.
  awaitable<std::string> once(ClientWatch& watch) {
    std::string refusal = co_await open(watch);
    if (!refusal.empty() || anew_) co_return refusal;
    while (!done_) {
      std::optional<std::string> message = co_await watch.next();
      if (!message) break;
      if (done_) continue;
      bool more = feed_.take(*message);
      if (!more) finish(exit_code::ok);
      if (!more || feed_.full()) {
        co_await watch.close();
        anew_ = true;  // what came meanwhile was thrown away: the server's last word is none for us
        co_return std::string();
      }
    }
    if (done_) co_return std::string();
    feed_.ended(watch.end().reason);
    if (watch.end().code == 1000) finish(exit_code::ok);
    if (!worth_another_try(watch.end())) throw failure_from(watch.end());
    co_return "lost " + remote_.address().url() + ": " + watch.end().reason;
  }

  // Empty if it is open.
  awaitable<std::string> open(ClientWatch& watch) {
    ClientAnswer answer;
    std::string refusal;
    std::string target = feed_.target();
    std::string protocol = feed_.protocol();
    // The server waits for a revision that is still to come before it says no.
    ClientClock::time_point deadline = std::min(remote_.deadline() + default_read_wait, end_at_);
    say_if_slow();
    try {
      answer = co_await watch.open(target, protocol, deadline);
    } catch (const ClientError& error) {
      Failure failure = kvs::failure_from(error, remote_.address(), false);
      if (error.kind() == ClientError::Kind::own_files) {
        slow_.cancel();
        throw failure;
      }
      refusal = failure.what();
    }
    slow_.cancel();
    if (!refusal.empty() || done_) co_return refusal;
    anew_ = answer.status != 101 && feed_.refused(answer);
    if (anew_) co_return refusal;
    if (answer.status != 101) {
      Failure failure = kvs::failure_from(answer);
      if (!worth_another_try(answer.status)) throw failure;
      co_return remote_.address().url() + ": " + failure.what();
    }
    opened(answer);
    co_return std::string();
  }

  void say_if_slow() {
    if (feed_.awaited().empty()) return;
    slow_.expires_after(silence);
    slow_.async_wait([this](const boost::system::error_code& error) {
      if (!error) notice("waiting for " + feed_.awaited() + " at " + remote_.address().url());
    });
  }

  void opened(const ClientAnswer& answer) {
    backoff_.reset();
    feed_.opened(answer);
    if (away_) notice("back at " + remote_.address().url() + " " + feed_.place());
    away_ = false;
  }

  awaitable<void> wait_after(const std::string& loss) {
    if (!away_) notice(loss + "; trying again");
    away_ = true;
    boost::system::error_code ignored;
    pause_.expires_after(backoff_.next());
    co_await pause_.async_wait(asio::redirect_error(use_awaitable, ignored));
  }

  awaitable<void> wait_for_room() {
    while (!done_ && feed_.full()) {
      boost::system::error_code ignored;
      pause_.expires_after(milliseconds(100));
      co_await pause_.async_wait(asio::redirect_error(use_awaitable, ignored));
    }
  }

  void notice(const std::string& line) const {
    if (!quiet_) std::cerr << "kvs: " + escaped(line, Escape::line) + "\n" << std::flush;
  }

  // The flag is what the loops check; the rest only ends their waits. A second of grace for the closing handshake.
  void finish(int code) {
    if (done_) return;
    done_ = true;
    code_ = code;
    pause_.cancel();
    feed_.stop(code);
    grace_.expires_after(std::chrono::seconds(1));
    grace_.async_wait([this](const boost::system::error_code&) {
      following_ = false;  // whatever it still waits for
      if (!working_) remote_.context().stop();
    });
  }

  void finish_politely(int code) {
    finish(code);
    if (watch_) asio::co_spawn(remote_.context(), watch_->close(), asio::detached);
  }

  void watch_signals() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      boost::system::error_code ignored;
      signals_.clear(ignored);  // a second one ends the process at once
      finish_politely(128 + number);
    });
  }

  void watch_clock() {
    if (end_at_ == ClientClock::time_point::max()) return;
    life_.expires_at(end_at_);
    life_.async_wait([this](const boost::system::error_code& error) {
      if (!error) finish_politely(exit_code::timed_out);
    });
  }

  // A pipe that nobody reads any more ends the watch at once, not only at the next change. The pipe is opened anew
  // because waiting for it makes it non-blocking, also for whoever shares our standard output.
  void watch_output() {
    struct stat what{};
    if (fstat(STDOUT_FILENO, &what) != 0 || !S_ISFIFO(what.st_mode)) return;
    int own = ::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (own < 0) return;
    output_.assign(own);
    output_.async_wait(Descriptor::wait_error, [this](const boost::system::error_code& error) {
      if (error) return;
      nobody_reads_ = true;
      finish_politely(exit_code::ok);
    });
  }

  Remote remote_;
  Feed& feed_;
  bool quiet_;
  ClientClock::time_point end_at_ = ClientClock::time_point::max();
  Descriptor output_;
  Signals signals_{remote_.context(), SIGINT, SIGTERM};
  Timer pause_{remote_.context()};
  Timer grace_{remote_.context()};
  Timer life_{remote_.context()};
  Timer slow_{remote_.context()};
  WatchBackoff backoff_;
  ClientWatch* watch_ = nullptr;  // while one is open or being opened
  bool away_ = false;             // the loss was told, the return was not
  bool anew_ = false;             // the feed asks for something else at once
  bool done_ = false;
  bool nobody_reads_ = false;
  bool following_ = true, working_ = true;
  int code_ = exit_code::ok;
  std::exception_ptr failed_;
};

}  // namespace

awaitable<void> Feed::work(Executor) { co_return; }
void Feed::stop(int) {}

int follow(const Settings& settings, Feed& feed) { return Follower(settings, feed).run(); }

}  // namespace kvs
