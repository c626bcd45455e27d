#include "kvs/timeouts.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <string>

#include "test/unit/drive.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

// Notes its name when it expires, and does what the test wants done then.
class Noting final : public Timeout {
 public:
  Noting(Timeouts& timeouts, std::string& notes, char name) : Timeout(timeouts), notes_(notes), name_(name) {}
  std::function<void()> then;

 private:
  void expired() override {
    notes_ += name_;
    if (then) then();
  }
  std::string& notes_;
  char name_;
};

struct Fixture {
  asio::io_context io;
  Timeouts timeouts{io.get_executor()};
  std::string notes;
  Noting a{timeouts, notes, 'a'}, b{timeouts, notes, 'b'}, c{timeouts, notes, 'c'};
  Clock::time_point now = Clock::now();

  // Runs until that many have expired, then whatever else can run.
  std::string until(std::size_t count) {
    drive(io, [&] { return notes.size() >= count; });
    settle(io);
    return notes;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

BOOST_AUTO_TEST_CASE(a_timeout_expires_at_its_deadline_and_not_before) {
  Fixture f;
  f.a.arm(f.now + 3ms);
  f.until(1);
  BOOST_TEST((Clock::now() >= f.now + 3ms));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_expires_at_once) {
  Fixture f;
  f.a.arm(f.now - 1h);
  settle(f.io);
  BOOST_TEST(f.notes == "a");
}

BOOST_AUTO_TEST_CASE(timeouts_expire_in_the_order_of_their_deadlines) {
  Fixture f;
  f.b.arm(f.now - 2s);
  f.c.arm(f.now - 1s);
  f.a.arm(f.now - 3s);
  BOOST_TEST(f.until(3) == "abc");
}

BOOST_AUTO_TEST_CASE(a_timeout_expires_once) {
  Fixture f;
  f.a.arm(f.now - 1s);
  f.until(1);
  f.b.arm(f.now - 1s);
  BOOST_TEST(f.until(2) == "ab");
}

BOOST_AUTO_TEST_CASE(a_deadline_moved_later_expires_at_the_later_time) {
  Fixture f;
  f.a.arm(f.now + 1ms);
  f.b.arm(f.now + 2ms);
  f.a.arm(f.now + 6ms);
  f.until(2);
  BOOST_TEST((Clock::now() >= f.now + 6ms));
}

BOOST_AUTO_TEST_CASE(a_deadline_moved_later_stays_silent_at_the_earlier_time) {
  Fixture f;
  f.a.arm(f.now + 1ms);
  f.a.arm(f.now + 1h);
  f.b.arm(f.now + 2ms);
  BOOST_TEST(f.until(1) == "b");
}

BOOST_AUTO_TEST_CASE(a_deadline_moved_earlier_expires_at_the_earlier_time) {
  Fixture f;
  f.a.arm(f.now + 1h);
  f.a.arm(f.now + 1ms);
  BOOST_TEST(f.until(1) == "a");
}

BOOST_AUTO_TEST_CASE(a_deadline_moved_later_and_earlier_again_expires_at_the_last_one) {
  Fixture f;
  f.a.arm(f.now + 1ms);
  f.a.arm(f.now + 1h);
  f.a.arm(f.now + 2ms);
  BOOST_TEST(f.until(1) == "a");
  BOOST_TEST((Clock::now() >= f.now + 2ms));
}

BOOST_AUTO_TEST_CASE(a_disarmed_timeout_stays_silent) {
  Fixture f;
  f.a.arm(f.now + 1ms);
  f.b.arm(f.now + 2ms);
  f.a.disarm();
  BOOST_TEST(f.until(1) == "b");
}

BOOST_AUTO_TEST_CASE(a_disarmed_timeout_can_be_armed_again) {
  Fixture f;
  f.a.arm(f.now + 1h);
  f.a.disarm();
  f.a.arm(f.now + 1ms);
  BOOST_TEST(f.until(1) == "a");
}

BOOST_AUTO_TEST_CASE(disarming_what_is_not_armed_does_nothing) {
  Fixture f;
  f.a.disarm();
  f.a.arm(f.now - 1s);
  f.until(1);
  f.a.disarm();
  BOOST_TEST(f.notes == "a");
}

BOOST_AUTO_TEST_CASE(due_tells_the_deadline_and_is_far_away_when_there_is_none) {
  Fixture f;
  BOOST_TEST((f.a.due() == Clock::time_point::max()));
  f.a.arm(f.now - 1s);
  BOOST_TEST((f.a.due() == f.now - 1s));
  f.until(1);
  BOOST_TEST((f.a.due() == Clock::time_point::max()));
}

BOOST_AUTO_TEST_CASE(a_timeout_may_be_armed_again_while_it_expires) {
  Fixture f;
  f.a.then = [&] {
    if (f.notes == "a") f.a.arm(f.now + 1ms);
  };
  f.a.arm(f.now - 1s);
  BOOST_TEST(f.until(2) == "aa");
}

BOOST_AUTO_TEST_CASE(a_timeout_that_another_one_disarms_stays_silent_though_its_time_has_come) {
  Fixture f;
  f.a.then = [&] { f.b.disarm(); };
  f.a.arm(f.now - 2s);
  f.b.arm(f.now - 1s);
  f.c.arm(f.now - 500ms);
  BOOST_TEST(f.until(2) == "ac");
}

BOOST_AUTO_TEST_CASE(a_timeout_that_another_one_destroys_stays_silent_though_its_time_has_come) {
  Fixture f;
  auto doomed = std::make_unique<Noting>(f.timeouts, f.notes, 'd');
  doomed->arm(f.now - 1s);
  f.a.then = [&] { doomed.reset(); };
  f.a.arm(f.now - 2s);
  f.b.arm(f.now - 500ms);
  BOOST_TEST(f.until(2) == "ab");
}

BOOST_AUTO_TEST_CASE(armed_timeouts_stay_silent_after_stop) {
  Fixture f;
  f.a.arm(f.now - 1s);
  f.timeouts.stop();
  settle(f.io);
  BOOST_TEST(f.notes == "");
}

BOOST_AUTO_TEST_CASE(after_stop_the_thread_has_nothing_left_to_wait_for) {
  Fixture f;
  f.a.arm(f.now + 1h);
  f.timeouts.stop();
  BOOST_TEST(f.io.run() <= 1U);  // returns at once; the one is the end of the wait
}

BOOST_AUTO_TEST_CASE(a_timeout_whose_time_has_come_stays_silent_if_the_one_before_it_stops_all) {
  Fixture f;
  f.a.then = [&] { f.timeouts.stop(); };
  f.a.arm(f.now - 2s);
  f.b.arm(f.now - 1s);
  f.until(1);
  BOOST_TEST(f.notes == "a");
}

BOOST_AUTO_TEST_CASE(a_timeout_whose_wait_has_just_ended_stays_silent_after_stop) {
  Fixture f;
  Timeouts others(f.io.get_executor());
  Noting other(others, f.notes, 'o');
  f.a.then = [&] { others.stop(); };
  other.then = [&] { f.timeouts.stop(); };
  f.a.arm(f.now - 1s);
  other.arm(f.now - 1s);
  settle(f.io);
  BOOST_TEST(f.notes.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
