// One HTTP connection without its socket: how requests are taken and answered, and when the connection ends.
#include "kvs/net/dialogue.hpp"

#include <boost/test/unit_test.hpp>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(ServerOptions with = {}) : NetFixture(std::move(with)) { load(); }
  Conversation talk{*this};
};

std::string id(int number) { return "Kvs-Request-Id: " + std::to_string(number) + "\r\n"; }

// Without the fields that are another each time.
std::string comparable(std::string text) {
  for (std::string_view name : {"Date: ", "Kvs-Log-Id: "}) {
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name)) {
      text.erase(at, text.find("\r\n", at) + 2 - at);
    }
  }
  return text;
}

// All that is heard of one connection that is told this in pieces of that size.
std::string heard(std::string_view script, std::size_t piece) {
  Fixture f;
  f.talk.say(script, piece);
  while (f.talk.waits_for_verdicts()) f.talk.settle();
  BOOST_TEST(f.talk.closed());
  return comparable(f.talk.hear());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue)

BOOST_AUTO_TEST_CASE(a_request_is_answered) {
  Fixture f;
  f.apply(put("City", "Ahmedabad"));
  f.talk.say(get("/v1/kv/City"));
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "Ahmedabad");
  BOOST_TEST(answer.field("Kvs-Revision") == "1");
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_before_the_head_is_whole) {
  Fixture f;
  std::string text = get("/livez");
  f.talk.say(text.substr(0, text.size() - 1));
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST((f.talk.need() == Dialogue::Need::bytes));
  f.talk.say(text.substr(text.size() - 1));
  BOOST_TEST(f.talk.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(bytes_may_come_in_any_pieces) {
  std::string script =
      store("a", "first", id(1)) + request("PUT", "/v1/kv/b", id(2) + "Transfer-Encoding: chunked\r\n") +
      "3\r\nsec\r\n3;x=y\r\nond\r\n0\r\nTrailer: x\r\n\r\n" + get("/v1/kv/a", id(3)) +
      with_body("POST", "/get", R"({"Key":"b"})", id(4)) + "\r\n" + request("OPTIONS", "/v1/kv/a", id(5)) +
      request("DELETE", "/v1/kv/a", id(6)) + request("HEAD", "/v1/kv/b", id(7)) + get("/v1/kv/a", id(8)) +
      with_body("GET", "/livez", "ignored", id(9)) + get("/nowhere", id(11)) + get("/getall", id(10)) +
      "NONSENSE\r\n\r\n";
  std::string at_once = heard(script, SIZE_MAX);
  BOOST_TEST(at_once.find("\"b\":\"second\"") != std::string::npos);
  for (std::size_t piece = 1; piece < 40; ++piece) {
    std::string in_pieces = heard(script, piece);
    // The last head is broken: its own id is the server's.
    BOOST_TEST(
        in_pieces.substr(0, in_pieces.rfind("Kvs-Request-Id")) == at_once.substr(0, at_once.rfind("Kvs-Request-Id")),
        "in pieces of " << piece << " bytes");
  }
}

BOOST_AUTO_TEST_CASE(an_empty_line_between_requests_begins_nothing) {
  Fixture f;
  f.talk.say(get("/livez") + "\r\n");
  BOOST_TEST(f.talk.answer().status == 200);
  BOOST_TEST(f.talk.idle());
  BOOST_TEST(f.talk.ask(get("/livez")).status == 200);
}

BOOST_AUTO_TEST_CASE(heads_are_counted_when_they_are_complete) {
  Fixture f;
  f.talk.say("GET /livez HTTP/1.1\r\n");
  BOOST_TEST(f.talk.dialogue().heads() == 0U);
  f.talk.say("Host: localhost\r\n\r\n" + get("/livez"));
  BOOST_TEST(f.talk.dialogue().heads() == 2U);
}

BOOST_AUTO_TEST_CASE(a_connection_of_http_1_1_stays) {
  Fixture f;
  Answer answer = f.talk.ask(get("/livez"));
  BOOST_TEST(!answer.has("Connection"));
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(connection_close_ends_it_with_that_answer) {
  Fixture f;
  f.talk.say(get("/livez", "Connection: close\r\n") + get("/livez"));
  BOOST_TEST(f.talk.answer().closes());
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(a_write_with_connection_close_ends_it_too) {
  Fixture f;
  f.talk.say(store("a", "1", "Connection: close\r\n") + store("b", "2")).settle();
  BOOST_TEST(f.talk.answer().closes());
  BOOST_TEST(f.talk.closed());
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_connection_of_http_1_0_ends_with_its_answer) {
  Fixture f;
  f.talk.say("GET /livez HTTP/1.0\r\n\r\nGET /livez HTTP/1.0\r\n\r\n");
  BOOST_TEST(f.talk.answer().closes());
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(a_connection_of_http_1_0_stays_if_asked_and_says_so) {
  Fixture f;
  Answer answer = f.talk.ask("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  BOOST_TEST(answer.field("Connection") == "keep-alive");
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_framed_is_answered_and_ends_it) {
  Fixture f;
  f.talk.say("PUT /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx" +
             get("/livez"));
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(answer.code() == "malformed");
  BOOST_TEST(answer.closes());
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(an_unreadable_head_is_answered_in_the_way_of_its_path) {
  for (auto [line, problem] :
       {std::pair{"GET /v1/status HTTP/1.1", true}, {"GET /getall HTTP/1.1", false}, {"NONSENSE", false}}) {
    Fixture f;
    Answer answer = f.talk.ask(std::string(line) + "\r\nno colon\r\n\r\n");
    BOOST_TEST(answer.status == 400);
    BOOST_TEST(!answer.code().empty() == problem, line);
    BOOST_TEST((answer.field("Content-Type") == "text/plain; charset=utf-8") == !problem, line);
  }
}

BOOST_AUTO_TEST_CASE(an_endless_request_line_is_414_and_ends_it) {
  Fixture f;
  Answer answer = f.talk.ask("GET /v1/kv/" + std::string(17 * 1024, 'x'));
  BOOST_TEST(answer.status == 414);
  BOOST_TEST(answer.code() == "uri_too_long");
  BOOST_TEST(answer.closes());
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(an_endless_head_is_431_and_ends_it) {
  Fixture f;
  Answer answer = f.talk.ask("GET /v1/kv/a HTTP/1.1\r\nHost: localhost\r\nA: " + std::string(33 * 1024, 'x'));
  BOOST_TEST(answer.status == 431);
  BOOST_TEST(answer.code() == "headers_too_large");
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(large_answers_of_a_pipeline_go_out_before_more_is_read) {
  Fixture f;
  f.apply(put("large", std::string(40 * 1024, 'x')));
  std::string pipeline;
  for (int i = 0; i < 10; ++i) pipeline += get("/v1/kv/large");
  f.talk.say(pipeline);
  for (int i = 0; i < 10; ++i) BOOST_TEST(f.talk.answer().body.size() == 40U * 1024);
  BOOST_TEST(f.talk.longest_output() < flush_above + 41 * 1024);
}

BOOST_AUTO_TEST_CASE(the_client_s_request_id_comes_back_if_it_is_usable) {
  Fixture f;
  std::string longest(128, 'i');
  BOOST_TEST(f.talk.ask(get("/livez", "Kvs-Request-Id: mine-1\r\n")).field("Kvs-Request-Id") == "mine-1");
  BOOST_TEST(f.talk.ask(get("/livez", "X-Request-Id: mine-2\r\n")).field("Kvs-Request-Id") == "mine-2");
  BOOST_TEST(f.talk.ask(get("/livez", "Kvs-Request-Id: " + longest + "\r\n")).field("Kvs-Request-Id") == longest);
}

BOOST_AUTO_TEST_CASE(a_request_gets_an_id_of_its_own_if_it_has_no_usable_one) {
  Fixture f;
  std::string before;
  for (std::string unusable : {std::string("a b"), std::string("\xC3\xA4"), std::string(129, 'i'), std::string()}) {
    std::string given = f.talk.ask(get("/livez", "Kvs-Request-Id: " + unusable + "\r\n")).field("Kvs-Request-Id");
    BOOST_TEST(given.size() == 15U);
    BOOST_TEST(given != before);
    before = given;
  }
}

BOOST_AUTO_TEST_CASE(a_head_that_does_not_come_in_time_is_408_and_ends_it) {
  Fixture f;
  f.talk.say("GET /v1/status HTTP/1.1\r\n");
  f.talk.time_out();
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(answer.code() == "malformed");
  BOOST_TEST(answer.closes());
}

BOOST_AUTO_TEST_CASE(nothing_is_said_to_a_connection_that_idled) {
  Fixture f;
  f.talk.ask(get("/livez"));
  f.talk.time_out();
  BOOST_TEST(f.talk.hear() == "");
}

BOOST_AUTO_TEST_CASE(a_connection_that_drains_ends_with_its_next_answer) {
  Fixture f;
  f.talk.ask(get("/livez"));
  f.talk.dialogue().drain();
  f.talk.say(get("/livez") + get("/livez"));
  BOOST_TEST(f.talk.answer().closes());
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(a_drain_while_a_body_comes_is_said_in_its_answer) {
  Fixture f;
  f.talk.say(request("PUT", "/v1/kv/a", "Content-Length: 2\r\n") + "1");
  f.worker.drain();
  f.talk.say("2").settle();
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(answer.closes());
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(a_drain_while_a_write_is_under_way_is_said_in_its_answer) {
  Fixture f;
  f.talk.say(store("a", "1"));
  f.worker.drain();
  f.talk.settle();
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(answer.closes());
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_SUITE_END()
