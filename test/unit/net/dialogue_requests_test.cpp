// What became of a write, asked for by the id of its request.
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(StoreOptions options = {}) : NetFixture({}, std::move(options)) { load(); }
  Conversation talk{*this};

  std::string outcome(std::string_view id) {
    std::string body = talk.ask(get("/v1/requests/" + std::string(id))).body;
    return body.empty() ? "" : body.substr(0, body.size() - 1);
  }
};

std::string id(std::string_view text) { return "Kvs-Request-Id: " + std::string(text) + "\r\n"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_requests)

BOOST_AUTO_TEST_CASE(each_outcome_is_told_with_its_revision_and_the_status_of_its_answer) {
  Fixture f;
  f.talk.ask(store("a", "1", id("made")));
  f.talk.ask(store("a", "2", id("replaced")));
  f.talk.ask(store("a", "3", id("refused") + "If-None-Match: *\r\n"));
  f.talk.ask(request("DELETE", "/v1/kv/nothing", id("nothing")));
  f.talk.ask(request("DELETE", "/v1/kv/a", id("deleted")));
  f.talk.ask(with_body("POST", "/set", R"({"Key":"a","Value":"2"})", id("legacy")));
  BOOST_TEST(f.outcome("made") == R"({"id":"made","outcome":"applied","revision":1,"status":201})");
  BOOST_TEST(f.outcome("replaced") == R"({"id":"replaced","outcome":"applied","revision":2,"status":200})");
  BOOST_TEST(f.outcome("refused") == R"({"id":"refused","outcome":"refused","status":412})");
  BOOST_TEST(f.outcome("nothing") == R"({"id":"nothing","outcome":"applied","revision":2,"status":200})");
  BOOST_TEST(f.outcome("deleted") == R"({"id":"deleted","outcome":"applied","revision":5,"status":200})");
  BOOST_TEST(f.outcome("legacy").starts_with(R"({"id":"legacy","outcome":"applied","revision":6)"));
}

BOOST_AUTO_TEST_CASE(an_id_of_the_servers_own_is_known_too) {
  Fixture f;
  Answer answer = f.talk.ask(store("a", "1"));
  BOOST_TEST(f.outcome(answer.field("Kvs-Request-Id")).find("\"outcome\":\"applied\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_this_instance_never_heard_of_is_unknown) {
  Fixture f;
  Answer answer = f.talk.ask(get("/v1/requests/never"));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "{\"id\":\"never\",\"outcome\":\"unknown\"}\n");
  BOOST_TEST(answer.field("Content-Type") == "application/json");
  BOOST_TEST(answer.field("Cache-Control") == "no-store");
}

BOOST_AUTO_TEST_CASE(a_write_that_was_given_up_is_unknown_until_it_comes_by) {
  Fixture f;
  f.talk.say(store("a", "1", id("late")));
  f.talk.dialogue().writes().abandon();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().status == 504);
  BOOST_TEST(f.outcome("late") == R"({"id":"late","outcome":"unknown"})");
  f.order();
  BOOST_TEST(f.outcome("late") == R"({"id":"late","outcome":"applied","revision":1,"status":201})");
}

BOOST_AUTO_TEST_CASE(a_write_the_bus_has_lost_was_not_applied_or_may_have_been) {
  Fixture f;
  f.talk.ask(store("b", "1"));
  f.order({}, {{Ticket{}, Ending::How::failed, "lost"}, {Ticket{}, Ending::How::unknown, "silent"}});
  BOOST_TEST(f.outcome("lost") == R"({"id":"lost","outcome":"not_applied","status":503})");
  BOOST_TEST(f.outcome("silent") == R"({"id":"silent","outcome":"unknown","status":504})");
}

BOOST_AUTO_TEST_CASE(a_write_that_found_no_room_was_not_applied) {
  TemporaryDirectory directory;
  Fixture f(kept_in(directory));
  f.files.on_write = [] { throw_error(ENOSPC); };
  f.talk.ask(store("a", "1", id("r")));
  BOOST_TEST(f.outcome("r") == R"({"id":"r","outcome":"not_applied","status":507})");
}

BOOST_AUTO_TEST_CASE(ids_are_percent_encoded_once) {
  Fixture f;
  f.talk.ask(store("a", "1", id("a/b%2F\"?")));
  BOOST_TEST(f.outcome("a%2Fb%252F%22%3F") == R"({"id":"a/b%2F\"?","outcome":"applied","revision":1,"status":201})");
  BOOST_TEST(f.outcome("a/b%252F%22%3F").find("applied") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_can_be_no_id_is_400) {
  Fixture f;
  for (std::string bad : {std::string(), std::string("%20"), std::string("%00"), std::string("a%"),
                          std::string("%C3%A4"), std::string(256, 'x')}) {
    BOOST_TEST(f.talk.ask(get("/v1/requests/" + bad)).code() == "bad_parameter", bad);
  }
  BOOST_TEST(f.talk.ask(get("/v1/requests/" + std::string(255, 'x'))).status == 200);
  BOOST_TEST(f.talk.ask(get("/v1/requests")).status == 404);
  BOOST_TEST(f.talk.ask(request("DELETE", "/v1/requests/a")).status == 405);
  f.talk.say(request("HEAD", "/v1/requests/a"));
  BOOST_TEST(f.talk.answer_to_head().status == 200);
}

// So a client that lost its answer can know for certain, on any instance that remembers it.
BOOST_AUTO_TEST_CASE(the_question_may_wait_for_everything_that_came_before_it) {
  Fixture f;
  f.submit([] {
    Command command = put("a", "1");
    command.request_id = "other";
    return command;
  }());
  f.talk.say(get("/v1/requests/other?linearizable=1"));
  BOOST_TEST((f.talk.need() == Dialogue::Need::state));
  f.order();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body.find("applied") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
