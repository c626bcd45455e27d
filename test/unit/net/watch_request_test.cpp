#include "kvs/net/watch_request.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/position.hpp"
#include "net_fixture.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

// Three revisions old.
struct Fixture : NetFixture {
  Fixture() {
    load();
    for (std::string_view key : {"a", "b", "c"}) apply(put(key, "1"));
    worker.view().state();
  }

  result<WatchRequest> parse(std::string_view query, bool legacy = false) {
    std::string text =
        (legacy ? "GET /subscribe?" : "GET /v1/watch?") + std::string(query) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    RequestHead head;
    BOOST_TEST_REQUIRE((parse_head(text, head).kind == HeadResult::Kind::complete), text);
    return legacy ? parse_subscribe(head, worker) : parse_watch(head, head.query(), worker);
  }
  WatchRequest watch(std::string_view query) {
    auto request = parse(query);
    BOOST_TEST_REQUIRE(request.has_value(), query);
    return *request;
  }
  WatchRequest subscribe(std::string_view query) {
    auto request = parse(query, true);
    BOOST_TEST_REQUIRE(request.has_value(), query);
    return *request;
  }
  std::string error(std::string_view query, bool legacy = false) {
    auto request = parse(query, legacy);
    return request ? "(none)" : std::string(to_string(request.error().code));
  }
  std::string at_log(std::uint64_t revision, std::uint64_t other = 0) {
    return to_string(Position{Revision{revision}, LogId{number(store.log_id()) + other}});
  }
};

std::string many(std::string_view name, int count) {
  std::string query;
  for (int i = 0; i < count; ++i) query.append(i == 0 ? "" : "&").append(name).append("=") += std::to_string(i);
  return query;
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Texts)

BOOST_AUTO_TEST_SUITE(watch_request)

BOOST_AUTO_TEST_CASE(without_parameters_it_is_everything_from_now_on_without_end) {
  Fixture f;
  WatchRequest request = f.watch("");
  BOOST_TEST((request.form == WatchForm::lines));
  BOOST_TEST(request.filter.everything());
  BOOST_TEST((request.after == Revision{3}));
  BOOST_TEST(!request.initial);
  BOOST_TEST(request.count == 0U);
  BOOST_TEST(!request.progress.has_value());
}

BOOST_AUTO_TEST_CASE(keys_and_prefixes_make_one_filter) {
  Fixture f;
  WatchRequest request = f.watch("key=a&prefix=b/&key=c%2Fd&prefix=%C3%A4&key=e+f");
  BOOST_TEST(request.filter.keys == (Texts{"a", "c/d", "e f"}));
  BOOST_TEST(request.filter.prefixes == (Texts{"b/", "\xC3\xA4"}));
}

BOOST_AUTO_TEST_CASE(a_key_in_a_filter_has_the_bounds_of_a_key) {
  Fixture f;
  std::string longest(max_key_size, 'k');
  BOOST_TEST(f.watch("key=" + longest + "&prefix=" + longest).filter.keys.size() == 1U);
  BOOST_TEST(f.error("key=" + longest + "k") == "key_too_large");
  BOOST_TEST(f.error("prefix=" + longest + "k") == "key_too_large");
  BOOST_TEST(f.error("key=") == "empty_key");
  BOOST_TEST(f.error("key") == "empty_key");
}

BOOST_AUTO_TEST_CASE(the_empty_prefix_is_everything_whatever_stands_beside_it) {
  Fixture f;
  BOOST_TEST(f.watch("prefix=").filter.everything());
  BOOST_TEST(f.watch("key=a&prefix=&prefix=b").filter.everything());
}

BOOST_AUTO_TEST_CASE(a_filter_is_bounded) {
  Fixture f;
  int most = static_cast<int>(max_watch_filters);
  BOOST_TEST(f.watch(many("key", most - 1) + "&prefix=p").filter.keys.size() == max_watch_filters - 1);
  BOOST_TEST(f.error(many("key", most) + "&prefix=p") == "bad_parameter");
  BOOST_TEST(f.error(many("prefix", most + 1)) == "bad_parameter");
}

BOOST_AUTO_TEST_CASE(since_is_where_it_goes_on) {
  Fixture f;
  BOOST_TEST((f.watch("since=2").after == Revision{2}));
  BOOST_TEST((f.watch("since=0").after == no_revision));
  BOOST_TEST((f.watch("since=3").after == Revision{3}));
  BOOST_TEST((f.watch("since=" + f.at_log(1)).after == Revision{1}));
}

BOOST_AUTO_TEST_CASE(since_must_be_a_position_of_this_history) {
  Fixture f;
  for (std::string_view bad : {"", "x", "-1", "1.5", "+1", "0x1", "1@", "1@xyz", "@0123456789abcdef", "1,2",
                               "9007199254740992", "99999999999999999999"}) {
    BOOST_TEST(f.error("since=" + std::string(bad)) == "bad_parameter", bad);
  }
  BOOST_TEST(f.error("since") == "bad_parameter");
  BOOST_TEST(f.error("since=1&since=2") == "bad_parameter");
  BOOST_TEST(f.error("since=" + f.at_log(1, 2)) == "other_log");
  BOOST_TEST(f.error("since=" + f.at_log(4, 2)) == "other_log");
}

BOOST_AUTO_TEST_CASE(a_since_that_is_still_to_come_is_to_be_waited_for) {
  Fixture f;
  Consistency wanted = f.watch("since=4").consistency;
  BOOST_TEST((wanted.at_least == Revision{4}));
  BOOST_TEST((wanted.since == Revision{4}));
  wanted = f.watch("since=4&min_revision=5&linearizable=1&timeout=2s").consistency;
  BOOST_TEST((wanted.at_least == Revision{5}));
  BOOST_TEST((wanted.since == Revision{4}));
  BOOST_TEST(wanted.linearizable);
  BOOST_TEST((wanted.timeout == 2s));
  wanted = f.subscribe("since=3&linearizable=1").consistency;
  BOOST_TEST((wanted.since == Revision{4}));
  BOOST_TEST(wanted.linearizable);
}

BOOST_AUTO_TEST_CASE(whose_position_is_of_another_history_is_told_what_there_is) {
  Fixture f;
  auto request = f.parse("since=" + f.at_log(1, 2));
  BOOST_TEST(request.error().extra == "\"current_revision\":3,\"oldest_revision\":0");
}

BOOST_AUTO_TEST_CASE(an_initial_state_is_held_at_the_revision_the_watch_begins_with) {
  Fixture f;
  for (std::string_view query : {"initial", "initial=1", "initial=true"}) {
    WatchRequest request = f.watch(query);
    BOOST_TEST(request.initial, query);
    BOOST_TEST((request.after == Revision{3}));
    BOOST_TEST(text(request.state) == "a=1@1 b=1@2 c=1@3 ");
  }
}

BOOST_AUTO_TEST_CASE(without_an_initial_state_none_is_held) {
  Fixture f;
  for (std::string_view query : {"", "initial=0", "initial=false", "since=1"}) {
    WatchRequest request = f.watch(query);
    BOOST_TEST(!request.initial, query);
    BOOST_TEST(text(request.state) == "");
  }
}

BOOST_AUTO_TEST_CASE(since_comes_before_initial) {
  Fixture f;
  WatchRequest request = f.watch("initial=1&since=2");
  BOOST_TEST(!request.initial);
  BOOST_TEST((request.after == Revision{2}));
}

BOOST_AUTO_TEST_CASE(initial_is_a_boolean) {
  Fixture f;
  for (std::string_view bad : {"2", "yes", "TRUE", "x"}) {
    BOOST_TEST(f.error("initial=" + std::string(bad)) == "bad_parameter", bad);
  }
  BOOST_TEST(f.error("initial=1&initial=1") == "bad_parameter");
}

BOOST_AUTO_TEST_CASE(count_is_a_number_from_one) {
  Fixture f;
  BOOST_TEST(f.watch("count=1").count == 1U);
  BOOST_TEST(f.watch("count=9007199254740991").count == max_revision_number);
  for (std::string_view bad : {"0", "", "-1", "1.0", "x", "9007199254740992", "99999999999999999999"}) {
    BOOST_TEST(f.error("count=" + std::string(bad)) == "bad_parameter", bad);
  }
  BOOST_TEST(f.error("count=1&count=1") == "bad_parameter");
}

BOOST_AUTO_TEST_CASE(progress_is_a_duration_between_100_ms_and_5_minutes) {
  Fixture f;
  BOOST_TEST((f.watch("progress=100ms").progress == 100ms));
  BOOST_TEST((f.watch("progress=0.1s").progress == 100ms));
  BOOST_TEST((f.watch("progress=5s").progress == 5s));
  BOOST_TEST((f.watch("progress=5m").progress == 5min));
  for (std::string_view bad : {"99ms", "301s", "5m1s", "0s", "5", "", "-5s", "x", "5S"}) {
    BOOST_TEST(f.error("progress=" + std::string(bad)) == "bad_parameter", bad);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_parameter_is_refused_with_a_suggestion) {
  Fixture f;
  auto request = f.parse("sinse=1");
  BOOST_TEST((request.error().code == errc::bad_parameter));
  BOOST_TEST(request.error().detail.find("since") != std::string::npos);
  BOOST_TEST(f.error("key=%zz") == "bad_parameter");
}

BOOST_AUTO_TEST_CASE(a_subscription_is_every_set_from_now_on) {
  Fixture f;
  WatchRequest request = f.subscribe("");
  BOOST_TEST((request.form == WatchForm::legacy));
  BOOST_TEST(request.filter.everything());
  BOOST_TEST((request.after == Revision{3}));
  BOOST_TEST(!request.ops.has(Op::remove));
  BOOST_TEST(request.count == 0U);
}

BOOST_AUTO_TEST_CASE(a_subscription_may_ask_for_deletes) {
  Fixture f;
  BOOST_TEST(f.subscribe("deletes").ops.has(Op::expire));
  BOOST_TEST(f.subscribe("deletes=1").ops.has(Op::remove));
  BOOST_TEST(!f.subscribe("deletes=0").ops.has(Op::remove));
  BOOST_TEST(f.error("deletes=maybe", true) == "bad_parameter");
}

BOOST_AUTO_TEST_CASE(a_subscription_s_since_is_an_offset_the_revision_less_one) {
  Fixture f;
  BOOST_TEST((f.subscribe("since=0").after == Revision{1}));
  BOOST_TEST((f.subscribe("since=2").after == Revision{3}));
  for (std::string_view bad : {"", "x", "-1", "99999999999999999999"}) {
    BOOST_TEST(f.error("since=" + std::string(bad), true) == "bad_parameter", bad);
  }
}

BOOST_AUTO_TEST_CASE(a_subscription_does_not_mind_other_parameters) {
  Fixture f;
  WatchRequest request = f.subscribe("key=a&initial=1&x=y&%zz");
  BOOST_TEST(request.filter.everything());
  BOOST_TEST(!request.initial);
}

BOOST_AUTO_TEST_SUITE_END()
