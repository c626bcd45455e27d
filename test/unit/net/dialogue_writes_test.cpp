// Writes of one connection: several of a pipeline are in the order at once, reads behind them see them.
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(ServerOptions with = {}, StoreOptions store = {}) : NetFixture(std::move(with), std::move(store)) {
    load();
  }
  Conversation talk{*this};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_writes)

BOOST_AUTO_TEST_CASE(a_write_is_answered_when_it_has_its_verdict) {
  Fixture f;
  f.talk.say(store("a", "1"));
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.bus.published.size() == 1U);
  f.talk.settle();
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(answer.field("ETag") == "\"1\"");
  BOOST_TEST(answer.body == "{\"key\":\"a\",\"revision\":1,\"created\":true}\n");
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(writes_of_a_pipeline_are_in_the_order_at_once_and_answered_in_turn) {
  Fixture f;
  f.talk.say(store("a", "1") + request("DELETE", "/v1/kv/a") + with_body("POST", "/set", R"({"Key":"b","Value":"2"})"));
  BOOST_TEST(f.bus.published.size() == 3U);
  f.talk.settle();
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST(f.talk.answer().body == "{\"deleted\":1,\"revision\":2}\n");
  BOOST_TEST(f.talk.answer().body == "\"SUCCESS\"\n");
  BOOST_TEST(f.state() == "b=2@3 ");
}

BOOST_AUTO_TEST_CASE(a_read_behind_a_write_waits_for_its_verdict_and_sees_it) {
  Fixture f;
  f.apply(put("a", "old"));
  f.talk.say(store("a", "new") + get("/v1/kv/a"));
  BOOST_TEST(f.talk.hear() == "");
  f.talk.settle();
  BOOST_TEST(f.talk.answer().status == 200);
  BOOST_TEST(f.talk.answer().body == "new");
}

BOOST_AUTO_TEST_CASE(a_write_behind_a_read_behind_a_write_waits_too) {
  Fixture f;
  f.talk.say(store("a", "1") + get("/v1/kv/a") + store("a", "2"));
  BOOST_TEST(f.bus.published.size() == 1U);
  f.talk.settle();
  BOOST_TEST(f.bus.published.size() == 1U);
  f.talk.settle();
  f.talk.answer();
  BOOST_TEST(f.talk.answer().body == "1");
  BOOST_TEST(f.talk.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(everything_but_a_write_waits_behind_a_write) {
  for (std::string behind :
       {get("/livez"), get("/getall"), request("HEAD", "/v1/kv/a"), request("OPTIONS", "/v1/kv/a"), get("/nowhere"),
        request("POST", "/v1/kv/a"), get("/v1/kv/"), std::string("NONSENSE\r\n\r\n"),
        store("a", "1", "If-Match: nonsense\r\n"), store("a", "1", "Origin: http://elsewhere\r\n"),
        request("PUT", "/v1/kv/b", "Content-Length: 5\r\n"), request("PUT", "/v1/kv/b", "Content-Length: 9999999\r\n"),
        with_body("POST", "/set", "nonsense"), request("PUT", "/v1/kv/b", "Transfer-Encoding: chunked\r\n")}) {
    Fixture f;
    f.talk.say(store("a", "1") + behind);
    BOOST_TEST(f.talk.hear() == "", behind);
    f.talk.settle();
    BOOST_TEST(f.talk.answer().status == 201, behind);
  }
}

BOOST_AUTO_TEST_CASE(a_refusal_behind_writes_is_answered_behind_them) {
  Fixture f;
  f.talk.say(store("a", "1") + store("%", "2") + store("b", "3")).settle().settle();
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST(f.talk.answer().code() == "bad_key");
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST(f.state() == "a=1@1 b=3@2 ");
}

BOOST_AUTO_TEST_CASE(one_connection_has_a_bounded_number_of_writes_under_way) {
  Fixture f;
  std::string pipeline;
  for (std::size_t i = 0; i <= max_pipelined; ++i) pipeline += store("k", "v");
  f.talk.say(pipeline);
  BOOST_TEST(f.bus.published.size() == max_pipelined);
  f.talk.settle();
  BOOST_TEST(f.bus.published.size() == 1U);
  f.talk.settle();
  for (std::size_t i = 0; i <= max_pipelined; ++i) {
    BOOST_TEST(f.talk.answer().field("ETag") == '"' + std::to_string(i + 1) + '"');
  }
}

BOOST_AUTO_TEST_CASE(conditions_travel_with_the_write) {
  Fixture f;
  f.talk.say(store("a", "1", "If-None-Match: *\r\n") + store("a", "2", "If-None-Match: *\r\n") +
             store("a", "3", "If-Match: \"1\"\r\n") + request("DELETE", "/v1/kv/a", "If-Match: \"1\"\r\n"));
  f.talk.settle();
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST(f.talk.answer().code() == "condition_failed");
  BOOST_TEST(f.talk.answer().status == 200);
  BOOST_TEST(f.talk.answer().status == 412);
  BOOST_TEST(f.state() == "a=3@3 ");
}

BOOST_AUTO_TEST_CASE(a_time_to_live_is_counted_from_the_log_time_of_the_write) {
  Fixture f;
  Answer answer = f.talk.ask(request("PUT", "/v1/kv/a?ttl=1m30s", "Content-Length: 0\r\n"));
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(answer.body ==
             "{\"key\":\"a\",\"revision\":1,\"created\":true,\"expires\":\"1970-01-01T00:01:31.000Z\"}\n");
  BOOST_TEST(f.talk.ask(store("b", "1")).body.find("expires") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_time_to_live_is_a_duration_above_nothing_and_at_most_ten_years) {
  for (std::string wrong : {"ttl=30", "ttl=0s", "ttl=0.1ms", "ttl=3654d", "ttl=-1s", "ttl=none", "ttl=", "ttl",
                            "ttl=1s&ttl=1s", "tll=1s"}) {
    Fixture f;
    Answer answer = f.talk.ask(request("PUT", "/v1/kv/a?" + wrong, "Content-Length: 0\r\n"));
    BOOST_TEST(answer.code() == "bad_parameter", wrong);
    BOOST_TEST(answer.body.find(wrong[1] == 't' ? "ttl" : "did you mean 'ttl'?") != std::string::npos, answer.body);
  }
  Fixture f;
  BOOST_TEST(f.talk.ask(request("PUT", "/v1/kv/a?ttl=3653d", "Content-Length: 0\r\n")).status == 201);
}

BOOST_AUTO_TEST_CASE(a_write_carries_its_client_s_address_and_content_type) {
  Fixture f;
  f.talk.say(store("a", "1", "Content-Type: text/css\r\n"));
  const Command& command = f.bus.published.at(0).first;
  BOOST_TEST(to_string(command.origin) == "127.0.0.1:4711");
  BOOST_TEST(command.record->content_type() == "text/css");
}

BOOST_AUTO_TEST_CASE(a_write_that_the_bus_does_not_take_is_refused_and_the_connection_goes_on) {
  Fixture f;
  f.bus.answer = PublishResult::full;
  Answer answer = f.talk.ask(store("a", "1"));
  BOOST_TEST(answer.code() == "too_many_requests");
  BOOST_TEST(answer.field("Retry-After") == "1");
  f.bus.answer = PublishResult::away;
  BOOST_TEST(f.talk.ask(request("DELETE", "/v1/kv/a")).status == 503);
  f.bus.answer = PublishResult::accepted;
  BOOST_TEST(f.talk.ask(store("a", "1")).status == 201);
}

// Nobody may be told to come again in a second: it would be for ever.
BOOST_AUTO_TEST_CASE(after_a_failed_sync_writes_are_refused_until_kvs_is_restarted_and_reads_go_on) {
  TemporaryDirectory directory;
  Fixture f({}, kept_in(directory));
  f.talk.ask(store("a", "1"));
  f.files.on_sync = [] { throw_error(EIO); };
  BOOST_TEST(f.talk.ask(store("a", "2")).code() == "outcome_unknown");
  for (const std::string& text : {store("a", "3"), request("DELETE", "/v1/kv/a"), get("/v1/kv/a?linearizable=1")}) {
    Answer answer = f.talk.ask(text);
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(answer.code() == "bus_away");
    BOOST_TEST(!answer.has("Retry-After"));
    std::string detail(boost::json::parse(answer.body).at("detail").as_string());
    BOOST_TEST(detail.starts_with("writing to the data directory failed (" + f.store.failure() + "): "), detail);
    BOOST_TEST(detail.ends_with("; no retry will help before kvs is restarted, once its disk is well"), detail);
  }
  Answer legacy = f.talk.ask(with_body("POST", "/set", R"({"Key":"a","Value":"2"})"));
  BOOST_TEST(legacy.status == 503);
  BOOST_TEST(!legacy.has("Retry-After"));
  BOOST_TEST(
      legacy.body.ends_with(": nothing was written; no retry will help before kvs is restarted, once its disk is "
                            "well\n"),
      legacy.body);
  Answer ready = f.talk.ask(get("/readyz"));
  BOOST_TEST(ready.status == 503);
  BOOST_TEST(!ready.has("Retry-After"));
  BOOST_TEST(ready.body == "store: writing to the data directory failed\n");
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body == "1");
}

BOOST_AUTO_TEST_CASE(a_full_bus_refuses_a_large_body_that_was_received_and_forgets_it) {
  Fixture f;
  f.bus.answer = PublishResult::full;
  f.talk.say(request("PUT", "/v1/kv/a", "Content-Length: 3\r\n"));
  f.talk.say("abc");
  BOOST_TEST(f.talk.answer().status == 429);
  f.bus.answer = PublishResult::accepted;
  BOOST_TEST(f.talk.ask(store("b", "xyz")).status == 201);
  BOOST_TEST(f.state() == "b=xyz@1 ");
}

BOOST_AUTO_TEST_CASE(writes_that_are_given_up_are_answered_as_unknown_and_late_verdicts_are_not_told) {
  Fixture f;
  f.talk.say(store("a", "1") + store("b", "2"));
  f.talk.dialogue().writes().abandon();
  f.talk.settle();
  BOOST_TEST(f.talk.answer().code() == "outcome_unknown");
  BOOST_TEST(f.talk.answer().status == 504);
  BOOST_TEST(f.talk.ask(store("c", "3")).field("ETag") == "\"3\"");
}

BOOST_AUTO_TEST_CASE(a_client_that_is_gone_leaves_its_writes_in_the_order) {
  NetFixture f;
  f.load();
  {
    Conversation talk(f);
    talk.say(store("a", "1"));
  }
  f.order();
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_SUITE_END()
