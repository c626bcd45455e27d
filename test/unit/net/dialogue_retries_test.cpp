// Writes with an Idempotency-Key: one that is under way, retries, and what is told of them.
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  Fixture() { load(); }
  Conversation talk{*this}, other{*this};
};

std::string keyed(std::string_view value, std::string_view key = "mine") {
  return store("a", value, "Idempotency-Key: " + std::string(key) + "\r\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_retries)

BOOST_AUTO_TEST_CASE(a_retry_while_the_first_is_under_way_is_told_so) {
  Fixture f;
  f.talk.say(keyed("1"));
  Answer answer = f.other.ask(keyed("1"));
  BOOST_TEST(answer.status == 409);
  BOOST_TEST(answer.code() == "request_key_in_use");
  BOOST_TEST(f.other.ask(keyed("1", "another")).status == 200);  // behind the first, which it lets be ordered, too
  f.talk.settle();
  BOOST_TEST(f.talk.answer().status == 201);
  Answer again = f.other.ask(keyed("1"));
  BOOST_TEST(again.status == 201);
  BOOST_TEST(again.field("Idempotency-Replayed") == "true");
}

BOOST_AUTO_TEST_CASE(on_one_connection_a_retry_waits_for_the_first) {
  Fixture f;
  f.talk.say(keyed("1") + keyed("1"));
  BOOST_TEST(f.bus.published.size() == 1U);
  f.talk.settle().settle();
  BOOST_TEST(!f.talk.answer().has("Idempotency-Replayed"));
  Answer again = f.talk.answer();
  BOOST_TEST(again.field("Idempotency-Replayed") == "true");
  BOOST_TEST(again.body == "{\"key\":\"a\",\"revision\":1,\"created\":true}\n");
}

BOOST_AUTO_TEST_CASE(a_write_that_was_given_up_gives_its_key_free) {
  Fixture f;
  f.talk.say(keyed("1"));
  f.talk.dialogue().writes().abandon();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().code() == "outcome_unknown");
  Answer again = f.other.ask(keyed("1"));  // behind the first in the order
  BOOST_TEST(again.status == 201);
  BOOST_TEST(again.field("Idempotency-Replayed") == "true");
}

BOOST_AUTO_TEST_CASE(a_client_that_is_gone_gives_its_keys_free) {
  NetFixture f;
  f.load();
  {
    Conversation gone(f);
    gone.say(keyed("1"));
  }
  Conversation talk(f);
  Answer again = talk.ask(keyed("1"));
  BOOST_TEST(again.status == 201);
  BOOST_TEST(again.field("Idempotency-Replayed") == "true");
}

BOOST_AUTO_TEST_CASE(a_write_that_the_bus_does_not_take_gives_its_key_free) {
  Fixture f;
  f.bus.answer = PublishResult::full;
  BOOST_TEST(f.talk.ask(keyed("1")).status == 429);
  f.bus.answer = PublishResult::accepted;
  Answer answer = f.talk.ask(keyed("1"));
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(!answer.has("Idempotency-Replayed"));
}

BOOST_AUTO_TEST_CASE(two_under_way_on_two_instances_are_one_write) {
  Fixture f;
  f.talk.say(keyed("1"));
  // As it comes from another instance, before ours in the order.
  auto& [command, ticket] = f.bus.published.at(0);
  Command theirs = put("a", "1");
  theirs.request_key = command.request_key;
  theirs.payload = command.payload;
  f.bus.published.insert(f.bus.published.begin(), {std::move(theirs), Ticket{}});
  f.talk.settle();
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(answer.field("Idempotency-Replayed") == "true");
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(another_request_with_the_key_is_refused_and_tells_nothing_of_the_first) {
  Fixture f;
  f.talk.ask(keyed("1"));
  Answer answer = f.talk.ask(keyed("2"));
  BOOST_TEST(answer.status == 422);
  BOOST_TEST(answer.code() == "request_key_reused");
  BOOST_TEST(!answer.has("Idempotency-Replayed"));
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_SUITE_END()
