// Requests that wait, of all connections together: so many, and then no more.
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

ServerOptions one_at_a_time() {
  ServerOptions options;
  options.max_in_flight = 1;
  return options;
}

struct Fixture : NetFixture {
  Fixture() : NetFixture(one_at_a_time()) {
    load();
    apply(put("a", "old"));
  }
  Conversation first{*this};
  Conversation second{*this};
};

void check_refused(Answer answer) {
  BOOST_TEST(answer.status == 429);
  BOOST_TEST(answer.code() == "too_many_requests");
  BOOST_TEST(answer.field("Retry-After") == "1");
  BOOST_TEST(answer.body.find("too many requests are waiting") != std::string::npos);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(in_flight)

BOOST_AUTO_TEST_CASE(a_write_too_many_is_refused_and_not_written) {
  Fixture f;
  f.first.say(store("a", "1"));
  f.second.say(store("b", "2"));
  check_refused(f.second.answer());
  f.first.settle();
  BOOST_TEST(f.first.answer().status == 200);
  BOOST_TEST(f.second.ask(store("b", "3")).status == 201);
  BOOST_TEST(f.state() == "a=1@2 b=3@3 ");
  BOOST_TEST(f.counters.in_flight == 0U);
}

BOOST_AUTO_TEST_CASE(a_write_behind_others_of_its_connection_waits_for_them_instead) {
  Fixture f;
  f.first.say(store("a", "1") + store("a", "2"));
  BOOST_TEST(f.bus.published.size() == 1U);
  f.first.settle();
  BOOST_TEST(f.bus.published.size() == 1U);
  f.first.settle();
  BOOST_TEST(f.first.answer().status == 200);
  BOOST_TEST(f.first.answer().status == 200);
  BOOST_TEST(f.state() == "a=2@3 ");
}

BOOST_AUTO_TEST_CASE(a_read_that_need_not_wait_is_answered_and_one_that_must_is_refused) {
  Fixture f;
  f.first.say(store("a", "1"));
  BOOST_TEST(f.second.ask(get("/v1/kv/a")).body == "old");
  BOOST_TEST(f.second.ask(get("/v1/kv/a?min_revision=1")).body == "old");
  check_refused(f.second.ask(get("/v1/kv/a?min_revision=2")));
  check_refused(f.second.ask(get("/v1/kv/a?linearizable=1")));
  check_refused(f.second.ask(get("/v1/watch?initial=1&wait=1ms&linearizable=1")));
}

BOOST_AUTO_TEST_CASE(a_read_that_waits_counts_until_it_is_answered) {
  Fixture f;
  f.first.say(get("/v1/kv/a?min_revision=2"));
  check_refused(f.second.ask(store("b", "2")));
  f.apply(put("a", "new"));
  f.first.say("");
  BOOST_TEST(f.first.answer().body == "new");
  BOOST_TEST(f.second.ask(store("b", "2")).status == 201);
}

BOOST_AUTO_TEST_CASE(a_watch_is_not_in_flight) {
  Fixture f;
  f.first.say(get("/v1/watch?wait=10m"));
  BOOST_TEST((f.first.need() == Dialogue::Need::poll));
  BOOST_TEST(f.counters.in_flight == 0U);
  BOOST_TEST(f.second.ask(store("b", "2")).status == 201);
}

BOOST_AUTO_TEST_SUITE_END()
