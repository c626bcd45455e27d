// Who may do what, where that changes while a request is under way.
#include <boost/test/unit_test.hpp>

#include "client.hpp"
#include "conversation.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr Buffers small{4096};
constexpr std::size_t large = 60'000;  // more than small buffers hold, not so much that it is sent before more is read

std::shared_ptr<const AuthTable> table(std::string_view text) {
  return std::make_shared<const AuthTable>(AuthTable::parse(text, "auth").value());
}

// Anna may read and write, until revoke(). At revision 1.
struct Fixture : NetFixture {
  Fixture() : NetFixture(impatient(&Patience::idle, std::chrono::hours(1))) {
    load();
    apply(put("a", "secret"));
    counters.access.replace(table(auth_line("anna", token, {"read", "write"})));
  }
  void revoke() { counters.access.replace(table(auth_line("bert", make_token(), {"read"}))); }

  const std::string token = make_token();
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
};

void check_refused(const Answer& answer, std::string_view of) {
  BOOST_TEST(answer.status == 401, of);
  BOOST_TEST(answer.field("WWW-Authenticate") == "Bearer", of);
  BOOST_TEST(answer.body.find("secret") == std::string::npos, of);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_access)

BOOST_AUTO_TEST_CASE(a_read_that_waited_is_refused_if_its_token_went_meanwhile) {
  for (const char* target : {"/v1/kv/a?min_revision=2", "/v1/kv?min_revision=2", "/v1/history/a?min_revision=2",
                             "/v1/watch?since=2", "/v1/watch?wait=1m&since=2", "/getall?min_revision=2"}) {
    Fixture f;
    Conversation talk(f);
    talk.say(get(target, f.bearer));
    BOOST_TEST((talk.need() == Dialogue::Need::state), target);
    f.revoke();
    f.apply(put("a", "a newer secret"));
    talk.say("");
    check_refused(talk.answer(), target);
    BOOST_TEST(talk.idle(), target);
  }
}

BOOST_AUTO_TEST_CASE(a_write_whose_body_took_its_time_is_refused_if_its_token_went_meanwhile) {
  for (std::string fields : {"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Fixture f;
    Conversation talk(f);
    bool chunked = fields.starts_with("Transfer");
    talk.say(request("PUT", "/v1/kv/a", f.bearer + fields) + (chunked ? "2\r\no" : "o"));
    f.revoke();
    talk.say(chunked ? "k\r\n0\r\n\r\n" : "k");
    check_refused(talk.answer(), fields);
    BOOST_TEST(talk.idle(), fields);
    BOOST_TEST(f.bus.published.empty(), fields);
  }
}

BOOST_AUTO_TEST_CASE(a_body_that_took_its_time_is_as_good_as_any_while_its_token_is) {
  Fixture f;
  Conversation talk(f);
  talk.say(request("PUT", "/v1/kv/a", f.bearer + "Content-Length: 2\r\n") + "o");
  f.counters.access.replace(table(auth_line("anna", f.token, {"write"})));  // other rights, which still do
  talk.say("k").settle();
  BOOST_TEST(talk.answer().status == 200);
}

// What is told from here on would be told for ever: nobody would end it.
BOOST_AUTO_TEST_CASE(no_watch_begins_if_its_token_goes_while_the_answers_before_it_go_out) {
  for (const char* target : {"/v1/watch", "/v1/watch?wait=10m"}) {
    Fixture f;
    f.apply(put("large", std::string(large, 'x')));
    Client client(f, get("/v1/kv/large", f.bearer) + get(target, f.bearer), small);
    settle(f.worker.context());
    f.revoke();
    f.worker.revoke_all();
    BOOST_TEST(client.answer().body.size() == large, target);
    client.until_server_is_over();
    BOOST_TEST(client.rest() == "", target);
    BOOST_TEST(f.counters.watchers == 0U, target);
  }
}

BOOST_AUTO_TEST_SUITE_END()
