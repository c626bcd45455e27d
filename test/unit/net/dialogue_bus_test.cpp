// What is said while the bus is away, and of how the bus is.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct Fixture : NetFixture {
  Conversation talk{*this};

  void go_away(std::string why = "no broker answers") {
    bus.answer = PublishResult::away;
    bus.detail = std::move(why);
    bus.since = Clock::now() - 90s;
    bus_up(false);
    ::settle(worker.context());
  }
  void come_back() {
    bus.answer = PublishResult::accepted;
    bus.detail.clear();
    bus.since = Clock::now();
    bus_up(true);
    ::settle(worker.context());
  }
  boost::json::value status() { return boost::json::parse(talk.ask(get("/v1/status")).body); }
};

struct Loaded : Fixture {
  Loaded() {
    load();
    apply(put("a", "1"));
  }
};

int stale_ms(const Answer& answer) { return answer.has("Kvs-Stale-Ms") ? std::stoi(answer.field("Kvs-Stale-Ms")) : -1; }

bool mentions(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_bus)

BOOST_AUTO_TEST_CASE(reads_go_on_and_say_how_stale_they_are) {
  Loaded f;
  BOOST_TEST(stale_ms(f.talk.ask(get("/v1/kv/a"))) == -1);
  f.go_away();
  for (const std::string& text : {get("/v1/kv/a"), get("/v1/kv/nothing"), get("/v1/kv/a?record=1"),
                                  get("/v1/kv/a", "If-None-Match: *\r\n"), get("/v1/kv/a?nonsense=1"),
                                  with_body("GET", "/get", R"({"Key":"a"})"), get("/getall"), get("/v1/requests/r")}) {
    int stale = stale_ms(f.talk.ask(text));
    BOOST_TEST((stale >= 90'000 && stale < 150'000), text);
  }
  f.talk.say(request("HEAD", "/v1/kv/a"));
  BOOST_TEST(stale_ms(f.talk.answer_to_head()) >= 90'000);
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body == "1");
  f.come_back();
  BOOST_TEST(stale_ms(f.talk.ask(get("/v1/kv/a"))) == -1);
}

BOOST_AUTO_TEST_CASE(a_watch_that_begins_meanwhile_says_it_in_its_head) {
  Loaded f;
  f.go_away();
  f.talk.say(get("/v1/watch", upgrade));
  std::string handshake = f.talk.dialogue().upgrade().head;
  BOOST_TEST(stale_ms(take_answer(handshake)) >= 90'000);
}

// Of the journal nothing is known before the log has a name, and another thread is at work on it.
BOOST_AUTO_TEST_CASE(an_instance_that_looks_for_its_log_says_nothing_of_its_journal) {
  TemporaryDirectory directory;
  NetFixture f({}, kept_in(directory));
  Conversation talk{f};
  f.bus.found = false;
  f.load();
  std::string before = talk.ask(get("/metrics")).body;
  BOOST_TEST(mentions(before, "kvs_ready 0"));
  BOOST_TEST(!mentions(before, "kvs_oldest_revision"));
  BOOST_TEST(!mentions(before, "kvs_journal_bytes"));
  f.bus.find();
  f.order(commands(put("a", "1")));
  std::string after = talk.ask(get("/metrics")).body;
  BOOST_TEST(mentions(after, "kvs_ready 1"));
  BOOST_TEST(mentions(after, "\nkvs_oldest_revision 0\n"));
  BOOST_TEST(mentions(after, "\nkvs_journal_bytes "));
}

BOOST_AUTO_TEST_CASE(what_is_no_read_says_nothing_of_staleness) {
  Loaded f;
  f.go_away();
  for (const std::string& text : {get("/livez"), get("/v1/status"), store("a", "2"), request("DELETE", "/v1/kv/a"),
                                  with_body("GET", "/set", R"({"Key":"a","Value":"2"})")}) {
    BOOST_TEST(stale_ms(f.talk.ask(text)) == -1, text);
  }
}

BOOST_AUTO_TEST_CASE(writes_are_refused_with_the_reason_of_the_bus) {
  Loaded f;
  f.go_away("10.0.0.1:9092: connection refused");
  for (const std::string& text : {store("a", "2"), request("DELETE", "/v1/kv/a")}) {
    Answer answer = f.talk.ask(text);
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(answer.code() == "bus_away");
    BOOST_TEST(answer.field("Retry-After") == "1");
    auto detail = boost::json::parse(answer.body).at("detail").as_string();
    BOOST_TEST(
        mentions(std::string(detail), "the bus is away (10.0.0.1:9092: connection refused): nothing was written"));
  }
  Answer legacy = f.talk.ask(with_body("POST", "/set", R"({"Key":"a","Value":"2"})"));
  BOOST_TEST(legacy.status == 503);
  BOOST_TEST(mentions(legacy.body, "connection refused"));
  BOOST_TEST(legacy.field("Content-Type") == "text/plain; charset=utf-8");
  f.come_back();
  BOOST_TEST(f.talk.ask(store("a", "2")).status == 200);
}

BOOST_AUTO_TEST_CASE(a_write_that_the_bus_certainly_lost_was_not_written_and_nobody_is_shutting_down) {
  Loaded f;
  f.talk.say(store("a", "2"));
  Ticket ticket = f.bus.published.back().second;
  f.bus.published.clear();
  f.end(ticket, Ending::How::failed);
  ::settle(f.worker.context());
  f.talk.say("");
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.code() == "bus_away");
  BOOST_TEST(mentions(answer.body, "nothing was written"));
  BOOST_TEST(!mentions(answer.body, "shutting down"));
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_says_so_whatever_the_bus_does) {
  Loaded f;
  f.go_away();
  f.worker.announce_leave();
  BOOST_TEST(f.talk.ask(store("a", "2")).code() == "draining");
}

BOOST_AUTO_TEST_CASE(a_command_too_large_for_the_bus_is_413) {
  Loaded f;
  f.bus.answer = PublishResult::too_large;
  Answer answer = f.talk.ask(store("a", "2"));
  BOOST_TEST(answer.status == 413);
  BOOST_TEST(answer.code() == "request_too_large");
  BOOST_TEST(f.talk.ask(with_body("POST", "/set", R"({"Key":"a","Value":"2"})")).status == 413);
}

BOOST_AUTO_TEST_CASE(an_instance_without_its_bus_stays_ready) {
  Loaded f;
  f.go_away();
  Answer answer = f.talk.ask(get("/readyz"));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "ok\n");
  answer = f.talk.ask(get("/readyz?verbose"));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(
      answer.body ==
      "[+]store ok\n[+]bus ok, away for 90 s (no broker answers): reads go on, writes are refused\n[+]serving ok\n");
  f.come_back();
  BOOST_TEST(f.talk.ask(get("/readyz?verbose")).body == "[+]store ok\n[+]bus ok\n[+]serving ok\n");
}

BOOST_AUTO_TEST_CASE(while_the_bus_was_never_reached_only_questions_about_the_server_are_answered) {
  Fixture f;
  f.bus.is_up = false;
  f.bus.detail = "no broker answers";
  f.load();
  BOOST_TEST((f.store.phase() == Phase::starting));
  for (const std::string& text :
       {get("/v1/kv/a"), store("a", "1"), get("/v1/snapshot"), get("/v1/requests/r"), get("/v1/watch", upgrade),
        get("/getall"), get("/"), get("/v1/kv/a?min_revision=9"), get("/subscribe", upgrade)}) {
    Answer answer = f.talk.ask(text);
    BOOST_TEST(answer.status == 503, text);
    BOOST_TEST(answer.field("Retry-After") == "1");
    BOOST_TEST(mentions(answer.body, "waiting for the bus (no broker answers)"), answer.body);
  }
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).code() == "starting");
  BOOST_TEST(f.talk.ask(get("/livez")).status == 200);
  Answer answer = f.talk.ask(get("/readyz"));
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.body == "store: waiting for the bus (no broker answers)\n");
  BOOST_TEST(answer.field("Retry-After") == "1");
  answer = f.talk.ask(get("/readyz?verbose"));
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.field("Retry-After") == "1");
  BOOST_TEST(answer.body ==
             "[-]store waiting for the bus (no broker answers)\n[-]bus not reached yet (no broker answers)\n"
             "[+]serving ok\n");
  auto status = f.status();
  BOOST_TEST(!status.at("ready").as_bool());
  BOOST_TEST(!status.as_object().contains("revision"));
  BOOST_TEST(!status.at("bus").at("up").as_bool());
}

BOOST_AUTO_TEST_CASE(while_it_catches_up_it_says_how_far_it_is) {
  Fixture f;
  f.bus.is_up = false;
  f.bus.lag = 1234;
  f.load();
  f.apply(put("a", "1"));
  Answer answer = f.talk.ask(get("/readyz"));
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.field("Retry-After") == "1");
  BOOST_TEST(answer.body == "store: catching up with the bus, 1234 commands to go\n");
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).code() == "starting");
  BOOST_TEST(f.status().at("bus").at("lag").to_number<int>() == 1234);
  f.bus.lag = 0;
  f.come_back();
  BOOST_TEST(f.talk.ask(get("/readyz")).body == "ok\n");
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body == "1");
}

BOOST_AUTO_TEST_CASE(the_status_tells_of_the_bus_what_it_knows) {
  Loaded f;
  BOOST_TEST(boost::json::serialize(f.status().at("bus")) == R"({"kind":"given","up":true,"members":[]})");
  f.bus.lag = 7;
  f.bus.members = {{"one", Revision{3}, Revision{2}, LogTime{1500ms}}, {"two", Revision{9}, no_revision, LogTime{}}};
  f.go_away();
  auto bus = f.status().at("bus").as_object();
  int since = bus.at("since_ms").to_number<int>();
  BOOST_TEST((since >= 90'000 && since < 150'000));
  bus.erase("since_ms");
  auto expected = boost::json::parse(R"({"kind":"given","up":false,"lag":7,"detail":"no broker answers","members":[)"
                                     R"({"name":"one","since":3,"snapshot":2,"heard":"1970-01-01T00:00:01.500Z"},)"
                                     R"({"name":"two","since":9,"snapshot":0,"heard":"1970-01-01T00:00:00.000Z"}]})");
  BOOST_TEST(boost::json::value(bus) == expected);
}

BOOST_AUTO_TEST_CASE(a_bus_that_takes_no_writes_is_said_wherever_one_looks_and_nothing_is_stale) {
  Loaded f;
  f.bus.writes_refused = "the topic is not safe: repair it by this";
  f.bus.answer = PublishResult::away;
  Answer refused = f.talk.ask(with_body("PUT", "/v1/kv/a", "2"));
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(refused.code() == "bus_away");
  BOOST_TEST(
      mentions(refused.body, "writes are refused: the topic is not safe: repair it by this; nothing was written"));
  BOOST_TEST(refused.field("Retry-After") == "1");
  Answer read = f.talk.ask(get("/v1/kv/a"));
  BOOST_TEST(read.body == "1");
  BOOST_TEST(!read.has("Kvs-Stale-Ms"));
  BOOST_TEST(f.talk.ask(get("/readyz")).body == "ok\n");
  BOOST_TEST(mentions(f.talk.ask(get("/readyz?verbose")).body,
                      "[+]bus ok, reads go on, writes are refused: the topic is not safe: repair it by this\n"));
  BOOST_TEST(f.status().at("bus").at("writes_refused").as_string() == "the topic is not safe: repair it by this");
}

BOOST_AUTO_TEST_SUITE_END()
