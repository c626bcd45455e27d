// The bodies of requests: with a length, in chunks, not wanted, refused before they are sent.
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(ServerOptions with = {}) : NetFixture(std::move(with)) { load(); }
  Conversation talk{*this};

  std::string value(std::string_view key) {
    const Record* record = worker.view().state().find(key);
    return record ? std::string(record->value()) : "(none)";
  }
};

ServerOptions values_of(std::size_t bytes) {
  ServerOptions options;
  options.max_value_size = bytes;
  return options;
}

std::string announce(std::size_t size, std::string_view fields = {}) {
  return request("PUT", "/v1/kv/a", std::string(fields) + "Content-Length: " + std::to_string(size) + "\r\n");
}
std::string in_chunks(std::string_view chunks, std::string_view fields = {}) {
  return request("PUT", "/v1/kv/a", std::string(fields) + "Transfer-Encoding: chunked\r\n").append(chunks);
}
constexpr std::string_view expect = "Expect: 100-continue\r\n";
constexpr std::string_view go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_body)

BOOST_AUTO_TEST_CASE(a_body_may_come_with_its_head_or_behind_it_or_both) {
  for (std::size_t early : {0, 1, 4, 5}) {
    Fixture f;
    f.talk.say(announce(5) + std::string("12345").substr(0, early));
    f.talk.say(std::string("12345").substr(early)).settle();
    BOOST_TEST(f.talk.answer().status == 201);
    BOOST_TEST(f.value("a") == "12345");
    BOOST_TEST(f.talk.idle());
  }
}

BOOST_AUTO_TEST_CASE(a_body_larger_than_any_buffer_arrives_whole) {
  Fixture f;
  std::string large(300'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>('a' + i / 1000 % 26);
  f.talk.say(announce(large.size()) + large, 7777).settle();
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST((f.value("a") == large));
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).body.size() == large.size());
}

BOOST_AUTO_TEST_CASE(a_put_without_a_body_stores_the_empty_value) {
  Fixture f;
  BOOST_TEST(f.talk.ask(request("PUT", "/v1/kv/a")).status == 201);
  BOOST_TEST(f.value("a") == "");
}

BOOST_AUTO_TEST_CASE(chunks_make_one_value_and_the_next_request_begins_behind_them) {
  Fixture f;
  f.talk.say(in_chunks("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") + get("/v1/kv/a")).settle();
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST(f.talk.answer().body == "abcde");
}

BOOST_AUTO_TEST_CASE(no_chunk_at_all_is_the_empty_value) {
  Fixture f;
  f.talk.ask(in_chunks("0\r\n\r\n"));
  BOOST_TEST(f.value("a") == "");
}

BOOST_AUTO_TEST_CASE(broken_chunks_are_refused_and_end_the_connection) {
  Fixture f;
  f.talk.say(in_chunks("3\r\nabcX\r\n0\r\n\r\n") + get("/livez"));
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.code() == "malformed");
  BOOST_TEST(answer.closes());
  BOOST_TEST(f.talk.closed());
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(one_hundred_continue_comes_before_the_body) {
  Fixture f;
  f.talk.say(announce(2, expect));
  BOOST_TEST(f.talk.hear() == go_ahead);
  f.talk.say("o").say("k").settle();
  BOOST_TEST(f.talk.answer().status == 201);
  BOOST_TEST(f.value("a") == "ok");
}

BOOST_AUTO_TEST_CASE(one_hundred_continue_comes_before_chunks) {
  Fixture f;
  f.talk.say(in_chunks("", expect));
  BOOST_TEST(f.talk.hear() == go_ahead);
  f.talk.say("2\r\nok\r\n0\r\n\r\n").settle();
  BOOST_TEST(f.value("a") == "ok");
}

BOOST_AUTO_TEST_CASE(one_hundred_continue_is_left_out_when_the_body_has_begun) {
  for (std::string_view body : {"o", "ok"}) {
    Fixture f;
    f.talk.say(announce(2, expect).append(body));
    BOOST_TEST(f.talk.hear() == "");
  }
}

BOOST_AUTO_TEST_CASE(one_hundred_continue_waits_for_the_answers_before_it) {
  Fixture f;
  f.talk.say(get("/livez") + announce(2, expect));
  BOOST_TEST(f.talk.answer().status == 200);
  BOOST_TEST(f.talk.hear() == go_ahead);
}

BOOST_AUTO_TEST_CASE(http_1_0_knows_no_one_hundred_continue) {
  Fixture f;
  f.talk.say("PUT /v1/kv/a HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(f.talk.hear() == "");
  f.talk.say("ok").settle();
  BOOST_TEST(f.talk.answer().status == 201);
}

BOOST_AUTO_TEST_CASE(an_answer_does_not_wait_for_the_body_of_the_next_request) {
  Fixture f;
  f.talk.say(get("/livez") + announce(2));
  BOOST_TEST(f.talk.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(what_the_head_tells_to_be_wrong_is_refused_before_the_body) {
  std::string long_type = "Content-Type: " + std::string(256, 't') + "\r\n";
  for (auto [target, fields, code] :
       {std::tuple<std::string_view, std::string, std::string_view>{"/v1/kv/%zz", "", "bad_key"},
        {"/v1/kv/", "", "empty_key"},
        {"/v1/kv/a?b=c", "", "bad_parameter"},
        {"/v1/kv/a", "If-Match: nonsense\r\n", "malformed"},
        {"/v1/kv/a", "Content-Encoding: gzip\r\n", "unsupported_media_type"},
        {"/v1/kv/a", "Content-Range: bytes 0-1/2\r\n", "malformed"},
        {"/v1/kv/a", long_type, "headers_too_large"},
        {"/v1/kv/a", "Origin: http://elsewhere\r\n", "foreign_origin"},
        {"/v1/nowhere", "", "no_such_route"},
        {"/v1/status", "", "method_not_allowed"}}) {
    for (std::string framing : {"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"}) {
      Fixture f;
      f.talk.say(request("PUT", target, fields + std::string(expect) + framing));
      Answer answer = f.talk.answer();
      BOOST_TEST(answer.code() == code, target << ' ' << fields);
      BOOST_TEST(answer.closes());  // the client may send the body or not: nobody knows where the next request begins
      BOOST_TEST(f.talk.closed());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_refused_body_that_is_here_already_is_stepped_over) {
  Fixture f;
  f.talk.say(store("%zz", "GET /livez HTTP/1.1") + with_body("PUT", "/v1/nowhere", "GET") + get("/livez"));
  BOOST_TEST(f.talk.answer().code() == "bad_key");
  BOOST_TEST(f.talk.answer().code() == "no_such_route");
  BOOST_TEST(f.talk.answer().body == "ok\n");
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(a_value_of_just_the_limit_is_taken) {
  Fixture f(values_of(5));
  BOOST_TEST(f.talk.ask(store("a", "12345")).status == 201);
  BOOST_TEST(f.talk.ask(in_chunks("3\r\n123\r\n2\r\n45\r\n0\r\n\r\n")).status == 200);
}

BOOST_AUTO_TEST_CASE(a_value_above_the_limit_is_refused_as_soon_as_it_is_announced) {
  for (std::string text : {announce(6, expect), announce(6) + "123456", in_chunks("6\r\n"),
                           in_chunks("5\r\n12345\r\n1\r\n"), announce(SIZE_MAX)}) {
    Fixture f(values_of(5));
    f.talk.say(text);
    Answer answer = f.talk.answer();
    BOOST_TEST(answer.code() == "value_too_large", text);
    BOOST_TEST(answer.closes());
    BOOST_TEST(f.talk.closed());
    BOOST_TEST(f.talk.hear() == "");
  }
}

BOOST_AUTO_TEST_CASE(an_escaped_legacy_value_may_take_more_bytes_than_the_value_itself) {
  Fixture f(values_of(5));
  std::string escaped;
  for (int i = 0; i < 5; ++i) escaped += "\\u0041";
  BOOST_TEST(f.talk.ask(with_body("POST", "/set", "{\"Key\":\"a\",\"Value\":\"" + escaped + "\"}")).status == 200);
  BOOST_TEST(f.value("a") == "AAAAA");
  BOOST_TEST(f.talk.ask(with_body("POST", "/set", R"({"Key":"a","Value":"123456"})")).status == 413);
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(a_legacy_body_is_bounded_too) {
  Fixture f(values_of(5));
  std::size_t limit = 6 * 5 + 16 * 1024;
  Answer answer = f.talk.ask(request("POST", "/set", "Content-Length: " + std::to_string(limit + 1) + "\r\n"));
  BOOST_TEST(answer.status == 413);
  BOOST_TEST(answer.closes());
}

BOOST_AUTO_TEST_CASE(a_body_that_nobody_wants_is_read_over_up_to_a_limit) {
  Fixture f;
  BOOST_TEST(f.talk.ask(with_body("GET", "/livez", std::string(ignored_body_limit, 'x'))).body == "ok\n");
  BOOST_TEST(f.talk.idle());
  BOOST_TEST(f.talk.ask(with_body("GET", "/livez", std::string(ignored_body_limit + 1, 'x'))).status == 413);
  BOOST_TEST(f.talk.closed());
}

BOOST_AUTO_TEST_CASE(a_body_that_does_not_come_in_time_is_408_and_ends_it) {
  for (std::string text : {announce(5) + "12", announce(5), in_chunks("5\r\n12"), in_chunks("")}) {
    Fixture f;
    f.talk.say(text);
    f.talk.time_out();
    Answer answer = f.talk.answer();
    BOOST_TEST(answer.status == 408, text);
    BOOST_TEST(answer.closes());
    BOOST_TEST(f.bus.published.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
