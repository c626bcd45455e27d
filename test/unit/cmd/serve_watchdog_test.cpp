#include "kvs/cmd/serve_watchdog.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "test/unit/drive.hpp"

namespace kvs {

using test::drive;
using test::settle;

namespace {

// The service manager's end of the notify socket, in the abstract namespace.
class Manager {
 public:
  Manager() : descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data() + 1, name_.size() - 1);
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    BOOST_REQUIRE(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  }
  ~Manager() { ::close(descriptor_); }

  const std::string& name() const { return name_; }

  // The next message; empty if there is none.
  std::string heard() const {
    char buffer[512];
    auto count = ::recv(descriptor_, buffer, sizeof buffer, 0);
    return count < 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(count));
  }

 private:
  int descriptor_;
  std::string name_ = "@kvs-watchdog-test-" + std::to_string(::getpid());
};

constexpr std::chrono::microseconds soon{2000};

struct Fixture {
  Manager manager;
  Notifier notifier{manager.name()};
  asio::io_context home;
  asio::io_context other;
  Watchdog watchdog{notifier, soon, home.get_executor(), {home.get_executor(), other.get_executor()}};

  void home_runs(int handlers) {
    for (int i = 0; i < handlers; ++i) drive(home, [done = false]() mutable { return std::exchange(done, true); });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(serve_watchdog)

BOOST_AUTO_TEST_CASE(the_manager_hears_of_a_round_when_every_thread_has_run) {
  Fixture f;
  f.watchdog.start();
  settle(f.home);
  BOOST_TEST(f.manager.heard() == "");
  settle(f.other);
  BOOST_TEST(f.manager.heard() == "WATCHDOG=1");
  BOOST_TEST(f.manager.heard() == "");
}

BOOST_AUTO_TEST_CASE(while_one_thread_hangs_nothing_is_said_however_often_the_others_run) {
  Fixture f;
  f.watchdog.start();
  f.home_runs(10);
  BOOST_TEST(f.manager.heard() == "");
}

BOOST_AUTO_TEST_CASE(the_next_round_comes_by_itself) {
  Fixture f;
  f.watchdog.start();
  settle(f.home);
  settle(f.other);
  BOOST_TEST(f.manager.heard() == "WATCHDOG=1");
  f.home_runs(2);  // the timer, and the question to this thread
  settle(f.other);
  BOOST_TEST(f.manager.heard() == "WATCHDOG=1");
}

BOOST_AUTO_TEST_CASE(near_the_end_threads_that_are_gone_are_not_waited_for) {
  Fixture f;
  f.watchdog.start();
  f.watchdog.end_is_near();
  f.home_runs(2);
  BOOST_TEST(f.manager.heard() == "WATCHDOG=1");
}

BOOST_AUTO_TEST_CASE(stopped_it_lets_the_thread_end) {
  Fixture f;
  f.watchdog.start();
  f.watchdog.stop();
  f.home.run();
  f.home.restart();
  BOOST_TEST(f.home.poll() == 0U);
}

BOOST_AUTO_TEST_CASE(the_interval_is_that_of_this_process) {
  BOOST_TEST((watchdog_interval("30000000", "17", 17) == std::chrono::seconds{30}));
  BOOST_TEST((watchdog_interval("30000000", "", 17) == std::chrono::seconds{30}));
  BOOST_TEST(watchdog_interval("30000000", "18", 17).count() == 0);
  BOOST_TEST(watchdog_interval("", "", 17).count() == 0);
  BOOST_TEST(watchdog_interval("soon", "17", 17).count() == 0);
}

BOOST_AUTO_TEST_CASE(a_status_is_one_line_whatever_it_says) {
  Fixture f;
  f.notifier.starting("loading\nREADY=1", std::chrono::seconds{30});
  BOOST_TEST(f.manager.heard() == "STATUS=loading READY=1\nEXTEND_TIMEOUT_USEC=30000000");
  f.notifier.ready("serving");
  BOOST_TEST(f.manager.heard() == "READY=1\nSTATUS=serving");
  f.notifier.stopping("draining", std::chrono::milliseconds{1500});
  BOOST_TEST(f.manager.heard() == "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=1500000");
  Notifier("").ready("to nobody");
  BOOST_TEST(f.manager.heard() == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
