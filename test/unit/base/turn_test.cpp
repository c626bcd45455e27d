#include "kvs/turn.hpp"

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "test/unit/drive.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture {
  asio::io_context io;
  Turn turn{io.get_executor()};
  std::string said;

  awaitable<void> say(char name, int times) {
    for (int i = 0; i < times; ++i) {
      co_await turn.wait(&said, sizeof said);
      said += name;
    }
  }
  void begin(char name, int times) { asio::co_spawn(io, say(name, times), asio::detached); }
  // What is said within the next handler.
  std::string step() {
    said.clear();
    io.restart();
    io.poll_one();
    return said;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(turn)

BOOST_AUTO_TEST_CASE(what_is_ready_goes_before_and_all_that_wait_go_on_in_their_order_in_one_handler) {
  Fixture f;
  for (char name : {'a', 'b', 'c'}) f.begin(name, 1);
  asio::post(f.io, [&f] { f.said += '.'; });
  for (int begun = 0; begun < 3; ++begun) BOOST_TEST(f.step() == "");
  BOOST_TEST(f.step() == ".");
  BOOST_TEST(f.step() == "abc");
  BOOST_TEST(settle(f.io) == 0U);
}

BOOST_AUTO_TEST_CASE(who_gives_way_again_has_the_next_turn_not_the_same_one) {
  Fixture f;
  f.begin('a', 3);
  f.begin('b', 2);
  f.begin('c', 1);
  for (int begun = 0; begun < 3; ++begun) f.step();
  BOOST_TEST(f.step() == "abc");
  asio::post(f.io, [&f] { f.said += '.'; });
  BOOST_TEST(f.step() == "ab");
  BOOST_TEST(f.step() == ".");
  BOOST_TEST(f.step() == "a");
  BOOST_TEST(settle(f.io) == 0U);
}

BOOST_AUTO_TEST_CASE(those_that_still_wait_at_the_end_end_with_it) {
  auto ended = std::make_shared<int>(0);
  {
    Fixture f;
    auto wait = [](Turn& turn, std::shared_ptr<int> count) -> awaitable<void> {
      std::shared_ptr<int> held(count.get(), [count](int* ended_one) { ++*ended_one; });
      co_await turn.wait(nullptr, 0);
    };
    asio::co_spawn(f.io, wait(f.turn, ended), asio::detached);
    f.io.poll_one();
    BOOST_TEST(*ended == 0);
  }
  BOOST_TEST(*ended == 1);
}

BOOST_AUTO_TEST_SUITE_END()
