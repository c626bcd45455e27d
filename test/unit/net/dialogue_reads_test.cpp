// Reads that want a state as new as they say, and wait for it.
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"
#include "kvs/json_text.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

// At revision 2.
struct Fixture : NetFixture {
  Fixture() {
    load();
    order(commands(put("a", "old"), put("b", "1")));
  }
  Conversation talk{*this};

  bool waits() { return talk.need() == Dialogue::Need::state && talk.hear().empty(); }
  Answer not_in_time() {
    talk.dialogue().wait().give_up();
    talk.say("");
    return talk.answer();
  }
  Clock::duration patience() { return talk.dialogue().wait().deadline() - Clock::now(); }
  std::string log() { return to_string(store.log_id()); }
};

std::string least(std::string_view position) { return "Kvs-Min-Revision: " + std::string(position) + "\r\n"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_reads)

BOOST_AUTO_TEST_CASE(a_revision_that_is_here_needs_no_wait) {
  Fixture f;
  for (const char* query : {"min_revision=0", "min_revision=1", "min_revision=2"})
    BOOST_TEST(f.talk.ask(get("/v1/kv/a?" + std::string(query))).body == "old", query);
  BOOST_TEST(f.talk.ask(get("/v1/kv/a", least("2"))).body == "old");
  BOOST_TEST(f.talk.ask(get("/v1/kv/a?min_revision=2@" + f.log())).body == "old");
  BOOST_TEST(f.talk.ask(get("/v1/kv/a", least("2@" + f.log()))).body == "old");
}

BOOST_AUTO_TEST_CASE(a_read_waits_for_its_revision_and_is_answered_from_it) {
  Fixture f;
  for (const std::string& text : {get("/v1/kv/a?min_revision=3"), get("/v1/kv/a", least("3"))}) {
    Fixture one;
    one.talk.say(text);
    BOOST_TEST(one.waits());
    one.apply(put("a", "new"));
    one.talk.say("");
    Answer answer = one.talk.answer();
    BOOST_TEST(answer.body == "new");
    BOOST_TEST(answer.field("Kvs-Revision") == "3");
    BOOST_TEST(one.talk.idle());
  }
}

BOOST_AUTO_TEST_CASE(of_two_revisions_the_larger_counts) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?min_revision=1", least("4")));
  f.apply(put("a", "3"));
  f.talk.say("");
  BOOST_TEST(f.waits());
  f.apply(put("a", "4"));
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "4");
}

BOOST_AUTO_TEST_CASE(a_revision_that_does_not_come_in_time_is_504_and_says_what_there_is) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?min_revision=3"));
  Answer answer = f.not_in_time();
  BOOST_TEST(answer.status == 504);
  BOOST_TEST(answer.code() == "not_caught_up");
  auto document = boost::json::parse(answer.body);
  BOOST_TEST(document.at("current_revision").to_number<int>() == 2);
  BOOST_TEST(document.at("oldest_revision").to_number<int>() == 0);
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body == "old");
}

BOOST_AUTO_TEST_CASE(a_read_waits_as_long_as_it_says_else_five_seconds) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?min_revision=3"));
  BOOST_TEST((f.patience() > 4s && f.patience() <= 5s));
  for (auto [text, limit] : {std::pair("60s", 60s), std::pair("1m", 60s), std::pair("20s", 20s)}) {
    Fixture one;
    one.talk.say(get("/v1/kv/a?min_revision=3&timeout=" + std::string(text)));
    BOOST_TEST((one.patience() > limit - 1s && one.patience() <= limit), text);
  }
}

BOOST_AUTO_TEST_CASE(another_history_is_410_at_once) {
  Fixture f;
  std::string other = "1@" + to_string(LogId{number(f.store.log_id()) + 1});
  for (const std::string& text : {get("/v1/kv/a?min_revision=" + other), get("/v1/kv/a", least(other)),
                                  get("/v1/watch?min_revision=" + other, upgrade)}) {
    Answer answer = f.talk.ask(text);
    BOOST_TEST(answer.status == 410);
    BOOST_TEST(answer.code() == "other_log");
    BOOST_TEST(boost::json::parse(answer.body).at("current_revision").to_number<int>() == 2);
  }
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_400_before_any_wait) {
  Fixture f;
  for (const char* query :
       {"min_revision=x", "min_revision=", "min_revision=-1", "min_revision=3&min_revision=3", "linearizable=2",
        "linearizable=1&linearizable=1", "timeout=5", "timeout=61s", "timeout=1x", "min_revision=3&recrod=1"}) {
    BOOST_TEST(f.talk.ask(get("/v1/kv/a?" + std::string(query))).code() == "bad_parameter", query);
    BOOST_TEST(f.talk.ask(get("/v1/requests/r?" + std::string(query))).code() == "bad_parameter", query);
    BOOST_TEST(f.talk.ask(get("/v1/snapshot?" + std::string(query))).code() == "bad_parameter", query);
  }
  for (const char* value : {"", "x", "1, 2", "9007199254740992"})
    BOOST_TEST(f.talk.ask(get("/v1/kv/a", least(value))).code() == "bad_parameter", value);
  BOOST_TEST(f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(a_write_waits_for_nothing) {
  Fixture f;
  BOOST_TEST(f.talk.ask(store("a", "1", least("99"))).status == 200);
  BOOST_TEST(f.talk.ask(with_body("PUT", "/v1/kv/a?linearizable=1", "x")).code() == "bad_parameter");
}

BOOST_AUTO_TEST_CASE(a_linearizable_read_sees_what_stood_in_the_order_before_it) {
  Fixture f;
  f.submit(put("a", "new"));  // by another thread, not applied yet
  f.talk.say(get("/v1/kv/a?linearizable=1"));
  BOOST_TEST(f.waits());
  f.order();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "new");
}

BOOST_AUTO_TEST_CASE(reads_of_a_thread_share_barriers) {
  Fixture f;
  Conversation second(f), third(f);
  for (Conversation* talk : {&f.talk, &second, &third}) talk->say(get("/v1/kv/a?linearizable"));
  BOOST_TEST(f.bus.published.size() == 1U);
  f.order();
  for (Conversation* talk : {&f.talk, &second, &third}) talk->say("");
  BOOST_TEST(f.talk.answer().status == 200);
  BOOST_TEST(second.answer().status == 0);
  BOOST_TEST(f.bus.published.size() == 1U);
  f.order();
  for (Conversation* talk : {&second, &third}) BOOST_TEST(talk->say("").answer().status == 200);
}

BOOST_AUTO_TEST_CASE(a_barrier_that_does_not_come_by_in_time_is_504) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?linearizable=1&timeout=1s"));
  BOOST_TEST((f.patience() <= 1s));
  BOOST_TEST(f.not_in_time().code() == "not_caught_up");
  f.order();
  BOOST_TEST(f.talk.hear() == "");
  f.talk.say(get("/v1/kv/a?linearizable=1"));
  BOOST_TEST(f.waits());
}

BOOST_AUTO_TEST_CASE(a_barrier_that_the_bus_does_not_take_is_503_or_429) {
  Fixture f;
  f.bus.answer = PublishResult::full;
  BOOST_TEST(f.talk.ask(get("/v1/kv/a?linearizable=1")).code() == "too_many_requests");
  f.bus.answer = PublishResult::away;
  f.bus_up(false);
  settle(f.worker.context());
  Answer answer = f.talk.ask(get("/v1/kv/a?linearizable=1"));
  BOOST_TEST(answer.code() == "bus_away");
  BOOST_TEST(answer.field("Retry-After") == "1");
  BOOST_TEST(answer.has("Kvs-Stale-Ms"));
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body == "old");
}

BOOST_AUTO_TEST_CASE(with_both_the_revision_is_waited_for_behind_the_barrier) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?linearizable=1&min_revision=4"));  // the barrier takes place 3
  f.order();
  f.talk.say("");
  BOOST_TEST(f.waits());
  f.apply(put("a", "4"));
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "4");
}

BOOST_AUTO_TEST_CASE(answers_keep_the_order_of_the_requests) {
  Fixture f;
  f.talk.say(get("/v1/kv/b") + get("/v1/kv/a?min_revision=3") + get("/v1/kv/b"));
  BOOST_TEST(f.talk.answer().body == "1");  // what came before it does not wait
  BOOST_TEST(f.waits());
  f.apply(put("a", "new"));
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "new");
  BOOST_TEST(f.talk.answer().body == "1");
}

BOOST_AUTO_TEST_CASE(a_read_sees_the_write_before_it_in_the_pipeline) {
  Fixture f;
  f.talk.say(store("a", "mine") + get("/v1/kv/a?min_revision=3"));
  BOOST_TEST(f.talk.waits_for_verdicts());
  f.talk.settle();
  BOOST_TEST(f.talk.answer().status == 200);
  BOOST_TEST(f.talk.answer().body == "mine");
}

BOOST_AUTO_TEST_CASE(conditions_of_a_read_are_judged_after_its_wait) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?min_revision=3", "If-None-Match: \"1\"\r\n"));
  f.apply(put("a", "new"));
  f.talk.say("");
  BOOST_TEST(f.talk.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(a_head_waits_as_a_get) {
  Fixture f;
  f.talk.say(request("HEAD", "/v1/kv/c?min_revision=3"));
  BOOST_TEST(f.waits());
  f.apply(put("c", "new"));
  f.talk.say("");
  BOOST_TEST(f.talk.answer_to_head().status == 200);
}

// Its body is not in the inbox any more when it goes on.
BOOST_AUTO_TEST_CASE(legacy_reads_wait_too_also_with_a_body_that_came_in_pieces) {
  for (std::size_t piece : {SIZE_MAX, std::size_t{1}}) {
    for (std::string text : {with_body("POST", "/get?min_revision=3", R"({"Key":"a"})"),
                             with_body("POST", "/get", R"({"Key":"a"})", least("3")),
                             request("POST", "/get?linearizable=1", "Transfer-Encoding: chunked\r\n") +
                                 "b\r\n{\"Key\":\"a\"}\r\n0\r\n\r\n"}) {
      Fixture f;
      f.talk.say(text, piece);
      BOOST_TEST(f.waits());
      f.apply(put("a", "new"));
      f.talk.say("");
      BOOST_TEST(f.talk.answer().body == "{\"Key\":\"a\",\"Value\":\"new\"}\n");
      BOOST_TEST(f.talk.ask(get("/v1/kv/b")).body == "1");
    }
  }
}

BOOST_AUTO_TEST_CASE(the_legacy_listing_waits_too) {
  Fixture f;
  f.talk.say(get("/getall?min_revision=3&whatever=1"));
  BOOST_TEST(f.waits());
  f.apply(put("a", "new"));
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "{\"a\":\"new\",\"b\":\"1\"}\n");
  BOOST_TEST(f.talk.ask(get("/getall?timeout=5")).status == 400);
}

BOOST_AUTO_TEST_CASE(a_watch_waits_for_a_since_that_is_still_to_come) {
  for (const char* target : {"/v1/watch?since=3", "/subscribe?since=2"}) {
    Fixture f;
    f.talk.say(get(target, upgrade));
    BOOST_TEST(f.waits(), target);
    f.apply(put("a", "new"));
    f.talk.say("");
    BOOST_TEST((f.talk.need() == Dialogue::Need::watch));
    BOOST_TEST((f.talk.dialogue().upgrade().after == Revision{3}));
  }
}

BOOST_AUTO_TEST_CASE(a_since_that_does_not_come_in_time_is_a_revision_in_the_future) {
  Fixture f;
  f.talk.say(get("/v1/watch?since=3", upgrade));
  BOOST_TEST((f.patience() > 4s && f.patience() <= 5s));
  Answer answer = f.not_in_time();
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.code() == "revision_in_future");
}

BOOST_AUTO_TEST_CASE(a_watch_that_only_wants_a_newer_state_is_told_that_it_did_not_come) {
  Fixture f;
  f.talk.say(get("/v1/watch?since=1&min_revision=3", upgrade));
  BOOST_TEST(f.not_in_time().code() == "not_caught_up");
}

BOOST_AUTO_TEST_CASE(the_initial_state_of_a_watch_is_as_new_as_it_wants) {
  for (const char* query : {"min_revision=3", "linearizable=1"}) {
    Fixture f;
    f.submit(put("a", "new"));
    f.talk.say(get("/v1/watch?initial=1&" + std::string(query), upgrade));
    BOOST_TEST(f.waits(), query);
    f.order();
    f.talk.say("");
    BOOST_TEST((f.talk.need() == Dialogue::Need::watch));
    BOOST_TEST(text(f.talk.dialogue().upgrade().state) == "a=new@3 b=1@2 ");
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_ends_waits_for_revisions) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?min_revision=3"));
  f.worker.drain();
  f.talk.dialogue().drain();
  f.talk.say("");
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.code() == "draining");
  BOOST_TEST(answer.closes());
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_still_answers_behind_the_barrier_on_its_way) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?linearizable=1"));
  f.worker.drain();
  f.talk.dialogue().drain();
  f.talk.say("");
  BOOST_TEST(f.waits());
  f.order();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "old");
}

BOOST_AUTO_TEST_CASE(when_the_store_stops_nothing_is_waited_for_any_more) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?min_revision=3"));
  f.stop();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().code() == "draining");
}

BOOST_AUTO_TEST_CASE(a_connection_that_ends_leaves_no_wait_behind) {
  Fixture f;
  {
    Conversation gone(f);
    gone.say(get("/v1/kv/a?min_revision=3"));
    Conversation gone_too(f);
    gone_too.say(get("/v1/kv/a?linearizable=1"));
  }
  f.order();
  f.apply(put("a", "new"));
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body == "new");
}

BOOST_AUTO_TEST_CASE(a_connection_keeps_no_memory_of_a_large_answer) {
  Fixture f;
  Conversation c(f);
  c.dialogue().output().assign(1'000'000, 'x');
  c.dialogue().output_sent();
  BOOST_TEST(c.dialogue().output().capacity() < 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
