// GET /v1/kv, reads of the past, and the history of a key.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"
#include "kvs/net/list_body.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::string_view ndjson = "Accept: application/x-ndjson\r\n";

struct Fixture : NetFixture {
  Fixture() { load(); }
  Conversation talk{*this};

  boost::json::object page(std::string_view target) {
    Answer answer = talk.ask(get(target));
    BOOST_TEST_REQUIRE(answer.status == 200, answer.body);
    return boost::json::parse(answer.body).as_object();
  }
  // "a=1 b=2 c/*", and a > if there is a next page.
  std::string shown(const boost::json::object& page) {
    std::string text;
    for (const auto& item : page.at("items").as_array()) {
      text += std::string(item.at("key").as_string()) + '=' + std::string(item.at("value").as_string()) + ' ';
    }
    for (const auto& prefix : page.at("prefixes").as_array()) text += std::string(prefix.as_string()) + "* ";
    return text + (page.contains("next") ? ">" : "");
  }
  std::string list(std::string_view query = {}) { return shown(page("/v1/kv?" + std::string(query))); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_list)

BOOST_AUTO_TEST_CASE(a_page_says_of_which_revision_it_is_and_where_the_next_begins) {
  Fixture f;
  f.order(commands(put("b", "2"), put("a", "1"), put("c", "3")));
  Answer answer = f.talk.ask(get("/v1/kv?limit=2"));
  auto page = boost::json::parse(answer.body).as_object();
  BOOST_TEST(f.shown(page) == "a=1 b=2 >");
  BOOST_TEST(page.at("revision").to_number<int>() == 3);
  BOOST_TEST(answer.field("Kvs-Revision") == "3");
  std::string next(page.at("next").as_string());
  BOOST_TEST(next == "/v1/kv?after=b&limit=2&revision=3@" + to_string(f.store.log_id()));
  BOOST_TEST(answer.field("Link") == "<" + next + ">; rel=\"next\"");
  BOOST_TEST(f.shown(f.page(next)) == "c=3 ");
}

BOOST_AUTO_TEST_CASE(the_next_page_is_of_the_same_state) {
  Fixture f;
  f.order(commands(put("a", "1"), put("b", "1"), put("c", "1")));
  std::string next(f.page("/v1/kv?limit=1").at("next").as_string());
  f.order(commands(put("b", "2"), drop("c"), put("d", "2")));
  auto second = f.page(next);
  BOOST_TEST(f.shown(second) == "b=1 >");
  BOOST_TEST(second.at("revision").to_number<int>() == 3);
  BOOST_TEST(f.shown(f.page(second.at("next").as_string())) == "c=1 ");
}

BOOST_AUTO_TEST_CASE(a_page_ends_before_the_record_that_would_go_beyond_its_bytes_but_has_one) {
  Fixture f;
  for (char name = 'a'; name <= 'd'; ++name) f.apply(put(std::string(1, name), std::string(page_bytes / 3, 'x')));
  f.apply(put("e", std::string(page_bytes + 1, 'x')));
  auto request = *parse_list(
      [&] {
        static const std::string text = get("/v1/kv");
        RequestHead head;
        parse_head(text, head);
        return head;
      }(),
      f.worker);
  auto page = [&](std::string_view after) {
    ListRange range;
    range.after(after);
    return measure_page(ListScan(f.worker.view().state(), range), request, {Revision{5}, {}});
  };
  BOOST_TEST(page("").entries == 2U);
  BOOST_TEST(page("b").entries == 2U);
  BOOST_TEST(page("d").entries == 1U);
  BOOST_TEST(page("d").next == "");
}

BOOST_AUTO_TEST_CASE(lines_that_fit_into_a_piece_come_with_their_length) {
  Fixture f;
  BOOST_TEST(f.talk.ask(get("/v1/kv", ndjson)).body == "");
  f.order(commands(put("a/1", "1"), put("b", "2")));
  Answer answer = f.talk.ask(get("/v1/kv?separator=/&keys_only=1", ndjson));
  BOOST_TEST(answer.field("Content-Type") == "application/x-ndjson");
  BOOST_TEST(answer.body.starts_with("{\"prefix\":\"a/\"}\n{\"key\":\"b\",\"size\":1,\"revision\":2,"));
  BOOST_TEST(answer.body.ends_with("}\n"));
}

BOOST_AUTO_TEST_CASE(a_large_page_is_sent_in_pieces) {
  Fixture f;
  std::vector<Command> all;
  for (int i = 0; i < 300; ++i) all.push_back(put("k" + std::to_string(i), std::string(1000, 'x')));
  f.order(std::move(all));
  f.talk.say(get("/v1/kv"));
  BOOST_TEST((f.talk.need() == Dialogue::Need::stream));
  bool more = true;
  while (more) {
    std::size_t before = f.talk.dialogue().output().size();
    more = f.talk.dialogue().next_piece();
    BOOST_TEST(f.talk.dialogue().output().size() - before <= flush_above);
  }
  BOOST_TEST(f.talk.dialogue().output().ends_with("],\"prefixes\":[]}\n\r\n0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(a_read_of_the_past_is_answered_from_the_state_that_was) {
  Fixture f;
  f.order(commands(put("a", "1"), put("b", "2"), put("a", "3"), drop("b")));
  Answer answer = f.talk.ask(get("/v1/kv/a?revision=2"));
  BOOST_TEST(answer.body == "1");
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
  BOOST_TEST(answer.field("ETag") == "\"1\"");
  BOOST_TEST(f.talk.ask(get("/v1/kv/b?revision=3")).body == "2");
  BOOST_TEST(f.talk.ask(get("/v1/kv/b?revision=4")).status == 404);
  BOOST_TEST(f.talk.ask(get("/v1/kv/a")).field("Kvs-Revision") == "4");
  BOOST_TEST(f.list("revision=2") == "a=1 b=2 ");
  BOOST_TEST(f.list("revision=0") == "");
}

BOOST_AUTO_TEST_CASE(what_the_history_no_longer_holds_is_compacted_and_says_what_it_holds) {
  ServerOptions options;
  options.history_memory = 1;
  NetFixture f(options);
  f.load();
  for (const char* value : {"1", "2", "3"}) f.apply(put("a", value));
  Conversation talk(f);
  Answer answer = talk.ask(get("/v1/kv/a?revision=1"));
  BOOST_TEST(answer.status == 410);
  BOOST_TEST(answer.code() == "compacted");
  auto problem = boost::json::parse(answer.body);
  BOOST_TEST(problem.at("current_revision").to_number<int>() == 3);
  BOOST_TEST(answer.field("Kvs-Revision") == "3");
}

BOOST_AUTO_TEST_CASE(a_revision_that_is_not_reached_is_waited_for) {
  Fixture f;
  f.talk.say(get("/v1/kv/a?revision=2"));
  BOOST_TEST((f.talk.need() == Dialogue::Need::state));
  f.order(commands(put("a", "1"), put("b", "2"), put("a", "3")));
  f.talk.say("");
  Answer answer = f.talk.answer();
  BOOST_TEST(answer.body == "1");
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
}

BOOST_AUTO_TEST_CASE(a_linearizable_read_of_the_past_waits_for_one_barrier) {
  Fixture f;
  f.order(commands(put("a", "1"), put("a", "2")));
  f.talk.say(get("/v1/kv/a?revision=1&linearizable=1"));
  BOOST_TEST((f.talk.need() == Dialogue::Need::state));
  f.order();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().body == "1");
  settle(f.worker.context());
  BOOST_TEST(f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(a_revision_that_does_not_come_is_in_the_future) {
  Fixture f;
  f.talk.say(get("/v1/kv?revision=9"));
  f.talk.dialogue().wait().give_up();
  f.talk.say("");
  BOOST_TEST(f.talk.answer().code() == "revision_in_future");
}

BOOST_AUTO_TEST_CASE(the_history_of_a_key_is_its_events_newest_first) {
  Fixture f;
  f.order(commands(put("a", "1"), put("b", "1"), drop("a"), put("a", "4")));
  Answer answer = f.talk.ask(get("/v1/history/a?limit=2"));
  BOOST_TEST(answer.field("Kvs-Revision") == "4");
  auto body = boost::json::parse(answer.body);
  BOOST_TEST(body.at("key").as_string() == "a");
  BOOST_TEST(body.at("oldest_revision").to_number<int>() == 0);
  const auto& items = body.at("items").as_array();
  BOOST_TEST_REQUIRE(items.size() == 2U);
  BOOST_TEST(items[0].at("op").as_string() == "set");
  BOOST_TEST(items[0].at("revision").to_number<int>() == 4);
  BOOST_TEST(items[1].at("op").as_string() == "delete");
}

BOOST_AUTO_TEST_CASE(only_so_many_histories_are_searched_at_once) {
  Fixture f;
  f.counters.searches = max_history_searches;
  BOOST_TEST(f.talk.ask(get("/v1/history/a")).code() == "too_many_requests");
  f.counters.searches = 0;
  BOOST_TEST(f.talk.ask(get("/v1/history/a")).status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
