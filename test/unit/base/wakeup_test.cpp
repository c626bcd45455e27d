#include "kvs/wakeup.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/drive.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

// Waits so many times; gives how often it was woken.
awaitable<int> wait(Wakeup& wakeup, int times) {
  int woken = 0;
  for (; woken < times; ++woken) co_await wakeup.wait();
  co_return woken;
}

struct Fixture {
  asio::io_context io;
  Wakeup wakeup{io.get_executor()};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wakeup)

BOOST_AUTO_TEST_CASE(a_wait_ends_with_the_next_notify) {
  Fixture f;
  Task<int> task(f.io, wait(f.wakeup, 1));
  BOOST_TEST(!task.done());
  f.wakeup.notify();
  BOOST_TEST(task.done());
}

BOOST_AUTO_TEST_CASE(a_notify_without_a_waiter_is_not_kept) {
  Fixture f;
  f.wakeup.notify();
  Task<int> task(f.io, wait(f.wakeup, 1));
  BOOST_TEST(!task.done());
  f.wakeup.notify();
  BOOST_TEST(task.done());
}

BOOST_AUTO_TEST_CASE(the_waiter_goes_on_only_when_the_current_handler_has_returned) {
  Fixture f;
  Task<int> task(f.io, wait(f.wakeup, 2));
  settle(f.io);
  bool waits_again_at_once = true;
  asio::post(f.io, [&] {
    f.wakeup.notify();
    waits_again_at_once = f.wakeup.waiting();
  });
  settle(f.io);
  BOOST_TEST(!waits_again_at_once);
  BOOST_TEST(f.wakeup.waiting());
  f.wakeup.notify();
  BOOST_TEST(task.get() == 2);
}

BOOST_AUTO_TEST_CASE(two_notifies_in_a_row_wake_once) {
  Fixture f;
  Task<int> task(f.io, wait(f.wakeup, 2));
  settle(f.io);
  f.wakeup.notify();
  f.wakeup.notify();
  BOOST_TEST(!task.done());
  f.wakeup.notify();
  BOOST_TEST(task.done());
}

BOOST_AUTO_TEST_CASE(waiting_tells_whether_somebody_waits) {
  Fixture f;
  BOOST_TEST(!f.wakeup.waiting());
  Task<int> task(f.io, wait(f.wakeup, 1));
  settle(f.io);
  BOOST_TEST(f.wakeup.waiting());
  f.wakeup.notify();
  BOOST_TEST(!f.wakeup.waiting());
  BOOST_TEST(task.done());
}

BOOST_AUTO_TEST_SUITE_END()
