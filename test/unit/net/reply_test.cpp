#include "kvs/net/reply.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "http_text.hpp"
#include "kvs/position.hpp"
#include "net_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  Manners manners;
  std::string out;

  Fixture() {
    load();
    apply(put("a", "1"));
    worker.view().state();
    manners.request_id = "id-1";
  }
  Answer problem(errc code, std::string_view extra = {}, int status = 0, std::string_view fields = {}) {
    Reply(worker, out, manners).problem(code, "what to do", extra, status, fields);
    return take_answer(out, manners.head_only);
  }
  Answer plain() {
    Reply(worker, out, manners).begin(200).body("text/plain", "hello");
    return take_answer(out, manners.head_only);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(reply)

BOOST_AUTO_TEST_CASE(every_answer_says_when_which_history_which_request_and_which_revision) {
  Fixture f;
  for (int status : {200, 201, 304, 404}) {
    Reply(f.worker, f.out, f.manners).begin(status).no_body();
    Answer answer = take_answer(f.out);
    BOOST_TEST(answer.status == status);
    BOOST_TEST(answer.field("Date").ends_with(" GMT"));
    BOOST_TEST(answer.field("X-Content-Type-Options") == "nosniff");
    BOOST_TEST(answer.field("Kvs-Log-Id") == to_string(Position{{}, f.store.log_id()}).substr(2));
    BOOST_TEST(answer.field("Kvs-Request-Id") == "id-1");
    BOOST_TEST(answer.field("Kvs-Revision") == "1");
  }
}

BOOST_AUTO_TEST_CASE(an_answer_may_speak_of_another_revision) {
  Fixture f;
  Reply(f.worker, f.out, f.manners).begin(201, Revision{7}).etag(Revision{7}).no_body();
  Answer answer = take_answer(f.out);
  BOOST_TEST(answer.field("Kvs-Revision") == "7");
  BOOST_TEST(answer.field("ETag") == "\"7\"");
}

BOOST_AUTO_TEST_CASE(before_the_data_is_loaded_there_is_no_revision_and_no_history) {
  NetFixture f;
  Manners manners;
  std::string out;
  Reply(f.worker, out, manners).begin(200).no_body();
  Answer answer = take_answer(out);
  BOOST_TEST(!answer.has("Kvs-Revision"));
  BOOST_TEST(!answer.has("Kvs-Log-Id"));
  BOOST_TEST(answer.has("Date"));
  f.load();
  Reply(f.worker, out, manners).begin(200).no_body();
  BOOST_TEST(take_answer(out).has("Kvs-Log-Id"));
}

BOOST_AUTO_TEST_CASE(a_body_comes_with_its_type_and_length) {
  Fixture f;
  Answer answer = f.plain();
  BOOST_TEST(answer.field("Content-Type") == "text/plain");
  BOOST_TEST(answer.field("Content-Length") == "5");
  BOOST_TEST(answer.body == "hello");
}

BOOST_AUTO_TEST_CASE(a_head_has_the_length_of_the_body_that_is_left_out) {
  Fixture f;
  f.manners.head_only = true;
  Answer answer = f.plain();
  BOOST_TEST(answer.field("Content-Length") == "5");
  BOOST_TEST(f.out == "");
  BOOST_TEST(f.problem(errc::no_such_key).status == 404);
  BOOST_TEST(f.out == "");
}

BOOST_AUTO_TEST_CASE(answers_are_appended) {
  Fixture f;
  f.out = "before";
  Reply(f.worker, f.out, f.manners).begin(200).no_body();
  BOOST_TEST(f.out.starts_with("beforeHTTP/1.1 200 OK\r\n"));
}

BOOST_AUTO_TEST_CASE(fields_are_added_one_by_one_or_as_text) {
  Fixture f;
  Reply(f.worker, f.out, f.manners).begin(200).field("A", "1").fields("B: 2\r\nC: 3\r\n").no_body();
  Answer answer = take_answer(f.out);
  BOOST_TEST(answer.field("A") + answer.field("B") + answer.field("C") == "123");
}

BOOST_AUTO_TEST_CASE(an_answer_says_what_becomes_of_the_connection) {
  Fixture f;
  BOOST_TEST(!f.plain().has("Connection"));
  f.manners.http10 = true;
  BOOST_TEST(f.plain().field("Connection") == "keep-alive");
  f.manners.close = true;
  BOOST_TEST(f.plain().field("Connection") == "close");
  f.manners.http10 = false;
  BOOST_TEST(f.plain().field("Connection") == "close");
}

BOOST_AUTO_TEST_CASE(a_foreign_page_that_was_let_in_may_read_the_fields_it_needs) {
  Fixture f;
  BOOST_TEST(!f.plain().has("Access-Control-Allow-Origin"));
  f.manners.cors_origin = "https://app.example";
  Answer answer = f.plain();
  BOOST_TEST(answer.field("Access-Control-Allow-Origin") == "https://app.example");
  BOOST_TEST(answer.field("Vary") == "Origin");
  for (const char* name : {"ETag", "Kvs-Revision", "Kvs-Log-Id", "Kvs-Request-Id", "Kvs-Stale-Ms"}) {
    BOOST_TEST(answer.field("Access-Control-Expose-Headers").find(name) != std::string::npos, name);
  }
}

BOOST_AUTO_TEST_CASE(a_problem_is_a_document_with_its_code_and_what_helps) {
  Fixture f;
  Answer answer = f.problem(errc::condition_failed, "\"current_revision\":7");
  BOOST_TEST(answer.status == 412);
  BOOST_TEST(answer.field("Cache-Control") == "no-store");
  BOOST_TEST(answer.code() == "condition_failed");
  auto document = boost::json::parse(answer.body);
  BOOST_TEST(document.at("detail").as_string() == "what to do");
  BOOST_TEST(document.at("request_id").as_string() == "id-1");
  BOOST_TEST(document.at("current_revision").to_number<int>() == 7);
}

BOOST_AUTO_TEST_CASE(a_problem_of_a_legacy_route_is_a_line_of_text) {
  Fixture f;
  f.manners.plain_errors = true;
  Answer answer = f.problem(errc::malformed);
  BOOST_TEST(answer.field("Content-Type") == "text/plain; charset=utf-8");
  BOOST_TEST(answer.body == "what to do\n");
}

BOOST_AUTO_TEST_CASE(a_problem_may_have_a_status_and_fields_of_its_own) {
  Fixture f;
  Answer answer = f.problem(errc::malformed, {}, 426, "Sec-WebSocket-Version: 13\r\n");
  BOOST_TEST(answer.status == 426);
  BOOST_TEST(answer.field("Sec-WebSocket-Version") == "13");
  BOOST_TEST(boost::json::parse(answer.body).at("status").to_number<int>() == 426);
}

BOOST_AUTO_TEST_CASE(who_is_not_known_is_asked_for_a_token) {
  Fixture f;
  BOOST_TEST(f.problem(errc::unauthenticated).field("WWW-Authenticate") == "Bearer");
  BOOST_TEST(!f.problem(errc::forbidden).has("WWW-Authenticate"));
}

BOOST_AUTO_TEST_CASE(who_should_come_again_is_told_when) {
  Fixture f;
  for (errc code : {errc::too_many_requests, errc::bus_away, errc::starting, errc::draining}) {
    BOOST_TEST(f.problem(code).field("Retry-After") == "1", to_string(code));
  }
  for (errc code : {errc::malformed, errc::outcome_unknown, errc::out_of_space}) {
    BOOST_TEST(!f.problem(code).has("Retry-After"), to_string(code));
  }
}

BOOST_AUTO_TEST_SUITE_END()
