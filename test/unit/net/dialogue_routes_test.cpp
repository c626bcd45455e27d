// What each route answers, as far as it takes no socket: methods, HEAD, OPTIONS, who may come in, what waits for the
// data to be loaded.
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"
#include "kvs/net/websocket.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(ServerOptions with = {}) : NetFixture(std::move(with)) { load(); }
  Conversation talk{*this};
};

constexpr std::string_view upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    "dGhlIHNhbXBsZSBub25jZQ==\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_routes)

BOOST_AUTO_TEST_CASE(head_says_what_get_says_without_the_body) {
  Fixture f;
  f.apply(put("a", "value"));
  for (std::string_view target : {"/v1/kv/a", "/v1/kv/a?record=1", "/v1/kv/none", "/livez", "/getall", "/"}) {
    std::string fields = "Kvs-Request-Id: same\r\n";
    f.talk.say(get(target, fields));
    Answer whole = f.talk.answer();
    f.talk.say(request("HEAD", target, fields));
    BOOST_TEST(f.talk.answer_to_head().head == whole.head, target);
    BOOST_TEST(f.talk.hear() == "");
    BOOST_TEST(!whole.body.empty());
  }
}

BOOST_AUTO_TEST_CASE(options_names_the_methods) {
  Fixture f;
  for (auto [target, allow] : {std::pair{"/v1/status", "GET, HEAD, OPTIONS"},
                               {"/livez", "GET, HEAD, OPTIONS"},
                               {"/set", "GET, POST, PUT, PATCH, DELETE, OPTIONS"}}) {
    Answer answer = f.talk.ask(request("OPTIONS", target));
    BOOST_TEST(answer.status == 204);
    BOOST_TEST(answer.field("Allow") == allow);
    BOOST_TEST(!answer.has("Access-Control-Allow-Methods"));
  }
  BOOST_TEST(f.talk.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 204);
  BOOST_TEST(f.talk.ask(request("OPTIONS", "/v1/nowhere")).status == 404);
}

BOOST_AUTO_TEST_CASE(options_from_a_page_that_is_let_in_is_a_preflight) {
  ServerOptions options;
  options.cors_origins = {"https://app.example"};
  Fixture f(options);
  Answer answer = f.talk.ask(request("OPTIONS", "/v1/kv/a", "Origin: https://app.example\r\n"));
  BOOST_TEST(answer.field("Access-Control-Allow-Origin") == "https://app.example");
  BOOST_TEST(answer.field("Access-Control-Allow-Methods") == answer.field("Allow"));
  std::string taken = ", " + answer.field("Access-Control-Allow-Headers") + ", ";
  for (std::string_view name : {"Authorization", "Content-Type", "Kvs-Request-Id", "X-Request-Id", "traceparent",
                                "Idempotency-Key", "If-Match", "If-None-Match", "Kvs-Min-Revision", "Last-Event-ID"})
    BOOST_TEST(taken.find(", " + std::string(name) + ", ") != std::string::npos, name);
  for (const RouteInfo& route : all_routes())
    for (const Operation& operation : route.operations)
      for (const ParameterRule& field : operation.fields)
        BOOST_TEST(taken.find(", " + std::string(field.name) + ", ") != std::string::npos, field.name);
  BOOST_TEST(answer.field("Access-Control-Max-Age") == "7200");
}

BOOST_AUTO_TEST_CASE(a_page_that_is_let_in_may_see_every_field_that_tells_it_something) {
  ServerOptions options;
  options.cors_origins = {"https://app.example"};
  Fixture f(options);
  Answer answer = f.talk.ask(get("/v1/kv/a", "Origin: https://app.example\r\n"));
  std::string shown = ", " + answer.field("Access-Control-Expose-Headers") + ", ";
  for (std::string_view name :
       {"ETag", "Link", "Kvs-Revision", "Kvs-Log-Id", "Kvs-Request-Id", "Kvs-Stale-Ms", "Idempotency-Replayed",
        "Retry-After", "Allow", "WWW-Authenticate", "Content-Disposition", "Location"})
    BOOST_TEST(shown.find(", " + std::string(name) + ", ") != std::string::npos, name);
  BOOST_TEST(!answer.has("Access-Control-Max-Age"));
}

BOOST_AUTO_TEST_CASE(a_page_that_is_let_in_is_told_so_in_every_answer_and_others_in_none) {
  ServerOptions options;
  options.cors_origins = {"https://app.example"};
  Fixture f(options);
  for (std::string text :
       {get("/v1/kv/a", "Origin: https://app.example\r\n"), store("a", "1", "Origin: https://app.example\r\n"),
        get("/v1/nowhere", "Origin: https://app.example\r\n")}) {
    Answer answer = f.talk.ask(text);
    BOOST_TEST(answer.field("Access-Control-Allow-Origin") == "https://app.example");
    BOOST_TEST(answer.field("Vary").find("Origin") != std::string::npos);
  }
  BOOST_TEST(!f.talk.ask(get("/livez")).has("Access-Control-Allow-Origin"));
  BOOST_TEST(!f.talk.ask(get("/livez", "Origin: http://elsewhere\r\n")).has("Access-Control-Allow-Origin"));
}

BOOST_AUTO_TEST_CASE(another_method_is_405_with_the_methods_there_are) {
  Fixture f;
  Answer answer = f.talk.ask(request("POST", "/v1/status"));
  BOOST_TEST(answer.code() == "method_not_allowed");
  BOOST_TEST(answer.field("Allow") == "GET, HEAD, OPTIONS");
  BOOST_TEST(f.talk.ask(request("BREW", "/livez")).status == 405);
  BOOST_TEST(f.talk.ask(request("get", "/livez")).status == 405);
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(an_unknown_path_is_404_as_a_problem_below_v1_and_as_text_elsewhere) {
  Fixture f;
  BOOST_TEST(f.talk.ask(get("/v1/nowhere")).code() == "no_such_route");
  Answer answer = f.talk.ask(get("/nowhere"));
  BOOST_TEST(answer.status == 404);
  BOOST_TEST(answer.field("Content-Type") == "text/plain; charset=utf-8");
}

BOOST_AUTO_TEST_CASE(who_comes_in_by_another_name_is_sent_away) {
  Fixture f;
  f.apply(put("a", "1"));
  BOOST_TEST(f.talk.ask("GET /v1/kv/a HTTP/1.1\r\nHost: rebound.example\r\n\r\n").code() == "wrong_host");
  BOOST_TEST(f.talk.ask(get("/v1/kv/a", "Origin: http://elsewhere\r\n")).code() == "foreign_origin");
  Conversation network(f, Arrival::network);
  BOOST_TEST(network.ask("GET /v1/kv/a HTTP/1.1\r\nHost: kvs.example\r\n\r\n").status == 200);
}

BOOST_AUTO_TEST_CASE(before_the_data_is_loaded_only_questions_about_the_server_are_answered) {
  NetFixture f;
  Conversation talk(f);
  for (std::string text : {get("/v1/kv/a"), store("a", "1"), get("/getall"), get("/v1/watch", upgrade)}) {
    Answer answer = talk.ask(text);
    BOOST_TEST(answer.status == 503, text);
    BOOST_TEST(answer.field("Retry-After") == "1");
    BOOST_TEST(!answer.has("Kvs-Revision"));
  }
  BOOST_TEST(talk.ask(get("/v1/kv/a")).code() == "starting");
  BOOST_TEST(talk.ask(get("/livez")).status == 200);
  Answer not_ready = talk.ask(get("/readyz"));
  BOOST_TEST(not_ready.status == 503);
  BOOST_TEST(not_ready.field("Retry-After") == "1");
  BOOST_TEST(not_ready.body.starts_with("store: "), not_ready.body);
  BOOST_TEST(talk.ask(get("/v1/status")).status == 200);
  BOOST_TEST(talk.ask(request("OPTIONS", "/v1/kv/a")).status == 204);
  f.load();
  BOOST_TEST(talk.ask(get("/v1/kv/a")).status == 404);
  BOOST_TEST(talk.ask(get("/readyz")).body == "ok\n");
}

BOOST_AUTO_TEST_CASE(readyz_says_that_the_server_is_going) {
  Fixture f;
  f.worker.announce_leave();
  Answer answer = f.talk.ask(get("/readyz"));
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.field("Retry-After") == "1");
  BOOST_TEST(answer.body == "serving: draining\n");
  BOOST_TEST(!answer.closes());  // until the delay is over everything goes on
  answer = f.talk.ask(get("/readyz?verbose"));
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(answer.field("Retry-After") == "1");
  BOOST_TEST(answer.body == "[+]store ok\n[+]bus ok\n[-]serving draining\n");
}

BOOST_AUTO_TEST_CASE(the_questions_about_health_take_verbose_as_a_boolean) {
  Fixture f;
  for (auto [path, lines] :
       {std::pair{"/livez", "[+]ping ok\n"}, {"/readyz", "[+]store ok\n[+]bus ok\n[+]serving ok\n"}}) {
    for (std::string_view query : {"?verbose", "?verbose=1", "?verbose=true", "?other=1&verbose"})
      BOOST_TEST(f.talk.ask(get(path + std::string(query))).body == lines, path << query);
    for (std::string_view query : {"", "?verbose=0", "?verbose=false", "?other=1"})
      BOOST_TEST(f.talk.ask(get(path + std::string(query))).body == "ok\n", path << query);
    Answer answer = f.talk.ask(get(path + std::string("?verbose=maybe")));
    BOOST_TEST(answer.status == 400);
    BOOST_TEST(answer.field("Content-Type") == "text/plain; charset=utf-8");
    BOOST_TEST(answer.body.find("'verbose'") != std::string::npos, answer.body);
  }
}

BOOST_AUTO_TEST_CASE(the_status_speaks_of_the_state_in_its_head) {
  Fixture f;
  f.apply(put("a", "1"));
  f.apply(put("b", "22"));
  Answer answer = f.talk.ask(get("/v1/status"));
  auto status = boost::json::parse(answer.body);
  BOOST_TEST(status.at("revision").to_number<int>() == 2);
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
  BOOST_TEST(status.at("keys").to_number<int>() == 2);
  BOOST_TEST(status.at("ready").as_bool());
}

BOOST_AUTO_TEST_CASE(a_small_store_is_listed_at_once_and_a_large_one_streamed) {
  Fixture f;
  f.order(commands(put("b", "2"), put("a", "1")));
  BOOST_TEST(f.talk.ask(get("/getall")).body == "{\"a\":\"1\",\"b\":\"2\"}\n");
  f.order(commands(put("large", std::string(flush_above, 'x')), put("more", "1")));
  f.talk.say(get("/getall"));
  BOOST_TEST((f.talk.need() == Dialogue::Need::stream));
}

BOOST_AUTO_TEST_CASE(a_watch_begins_with_a_handshake_that_says_from_where) {
  Fixture f;
  f.apply(put("a", "1"));
  f.talk.say(get("/v1/watch?key=a", std::string(upgrade) + "Sec-WebSocket-Protocol: other, kvs.v1\r\n") + "early");
  BOOST_TEST((f.talk.need() == Dialogue::Need::watch));
  BOOST_TEST(f.talk.hear() == "");
  std::string handshake = f.talk.dialogue().upgrade().head;
  Answer answer = take_answer(handshake);
  BOOST_TEST(answer.status == 101);
  BOOST_TEST(answer.field("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  BOOST_TEST(answer.field("Sec-WebSocket-Protocol") == "kvs.v1");
  BOOST_TEST(answer.field("Kvs-Revision") == "1");
  BOOST_TEST(f.talk.dialogue().inbox().data() == "early");
}

BOOST_AUTO_TEST_CASE(a_watch_without_an_upgrade_is_told_what_it_takes) {
  Fixture f;
  Answer answer = f.talk.ask(get("/subscribe"));
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(a_websocket_begins_with_get_though_a_watch_may_begin_with_post) {
  Fixture f;
  Answer answer = f.talk.ask(with_body("POST", "/v1/watch", "{}", upgrade));
  BOOST_TEST(answer.status == 405);
  BOOST_TEST(answer.code() == "method_not_allowed");
  BOOST_TEST(answer.field("Allow") == "GET, OPTIONS");
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_CASE(an_upgrade_with_a_wrong_version_or_bad_parameters_is_refused_and_the_connection_goes_on) {
  Fixture f;
  Answer answer = f.talk.ask(get("/v1/watch",
                                 "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  BOOST_TEST(answer.status == 426);
  BOOST_TEST(answer.field("Sec-WebSocket-Version") == "13");
  BOOST_TEST(f.talk.ask(get("/v1/watch?count=0", upgrade)).code() == "bad_parameter");
  BOOST_TEST(f.talk.idle());
}

BOOST_AUTO_TEST_SUITE_END()
