#include "kvs/net/conditional.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/net/accept.hpp"

using namespace kvs;

namespace {

// "*", the revisions, or "error".
std::string tags(std::string_view text, Comparison comparison = Comparison::weak) {
  auto list = parse_tags("If-Match", text, comparison);
  if (!list) return "error";
  std::string shown = list->any ? "*" : "";
  for (auto revision : list->revisions) shown += (shown.empty() ? "" : " ") + std::to_string(number(revision));
  return shown;
}

ReadVerdict judge(std::string_view if_match, std::string_view if_none_match, std::uint64_t current) {
  return judge_read(if_match, if_none_match, Revision{current}).value();
}

constexpr std::string_view absent{};

}  // namespace

BOOST_AUTO_TEST_SUITE(conditional)

BOOST_AUTO_TEST_CASE(entity_tags_are_revisions) {
  BOOST_TEST(tags("\"42\"") == "42");
  BOOST_TEST(tags("42") == "42");
  BOOST_TEST(tags("W/\"42\"") == "42");
  BOOST_TEST(tags("\"1\", 2 ,W/\"3\",,\"4\"") == "1 2 3 4");
  BOOST_TEST(tags(" * ") == "error");  // a parsed field has no white space around it
  BOOST_TEST(tags("*") == "*");
}

BOOST_AUTO_TEST_CASE(a_weak_tag_matches_nothing_where_the_comparison_is_strong) {
  BOOST_TEST(tags("W/\"42\"", Comparison::strong) == "");
  BOOST_TEST(tags("\"1\", W/\"2\", 3", Comparison::strong) == "1 3");
  BOOST_TEST(tags("W/\"42", Comparison::strong) == "error");
}

BOOST_AUTO_TEST_CASE(tags_of_others_match_nothing) {
  BOOST_TEST(tags("\"abc\"") == "");
  BOOST_TEST(tags("\"42-gzip\", \"7\"") == "7");
  BOOST_TEST(tags("\"\"") == "");
  BOOST_TEST(tags("\"0\"") == "");
  BOOST_TEST(tags("\"042\"") == "");
  BOOST_TEST(tags("\"99999999999999999999\"") == "");
}

BOOST_AUTO_TEST_CASE(broken_lists_are_refused) {
  for (std::string_view text :
       {"", " ", ",", "abc", "\"42", "42\"", "\"1\" \"2\"", "W/42", "w/\"42\"", "*, \"1\"", "-1"}) {
    BOOST_TEST(tags(text) == "error", text);
  }
  BOOST_TEST(parse_tags("If-Match", "x", Comparison::strong).error().detail.starts_with("If-Match must be"));
}

BOOST_AUTO_TEST_CASE(a_write_gets_one_condition_for_each_field) {
  using Kind = Condition::Kind;
  BOOST_TEST(parse_conditions(absent, absent)->empty());
  BOOST_TEST((parse_conditions("*", absent)->at(0).kind == Kind::exists));
  BOOST_TEST((parse_conditions(absent, "*")->at(0).kind == Kind::absent));
  auto both = parse_conditions("\"7\", \"9\"", "\"8\"").value();
  BOOST_TEST(both.size() == 2U);
  BOOST_TEST((both[0].kind == Kind::revision_in));
  BOOST_TEST((both[0].revisions == std::vector<Revision>{Revision{7}, Revision{9}}));
  BOOST_TEST((both[1].kind == Kind::revision_not_in));
  BOOST_TEST((parse_conditions("", absent).error().code == errc::malformed));
}

BOOST_AUTO_TEST_CASE(if_match_compares_strongly_and_if_none_match_weakly) {
  constexpr std::string_view weak = "W/\"7\"";
  BOOST_TEST(parse_conditions(weak, absent)->at(0).revisions.empty());
  BOOST_TEST((parse_conditions(absent, weak)->at(0).revisions == std::vector<Revision>{Revision{7}}));
  BOOST_TEST((judge(weak, absent, 7) == ReadVerdict::failed));
  BOOST_TEST((judge(absent, weak, 7) == ReadVerdict::not_modified));
}

BOOST_AUTO_TEST_CASE(reads_are_judged_if_match_first) {
  BOOST_TEST((judge(absent, absent, 7) == ReadVerdict::proceed));
  BOOST_TEST((judge(absent, "\"7\"", 7) == ReadVerdict::not_modified));
  BOOST_TEST((judge(absent, "\"8\"", 7) == ReadVerdict::proceed));
  BOOST_TEST((judge(absent, "*", 7) == ReadVerdict::not_modified));
  BOOST_TEST((judge(absent, "*", 0) == ReadVerdict::proceed));
  BOOST_TEST((judge("\"7\"", "\"7\"", 7) == ReadVerdict::not_modified));
  BOOST_TEST((judge("\"8\"", "\"7\"", 7) == ReadVerdict::failed));
  BOOST_TEST((judge("*", absent, 0) == ReadVerdict::failed));
}

BOOST_AUTO_TEST_CASE(qualities_are_read_in_thousandths) {
  BOOST_TEST(quality("text/html, application/json;q=0.5, */*;q=0.123", "application/json") == 500);
  BOOST_TEST(quality("text/html, */* ; charset=x; Q=0.123", "*/*") == 123);
  BOOST_TEST(quality("Application/JSON", "application/json") == 1000);
  BOOST_TEST(quality("a/b;q=0", "a/b") == 0);
  BOOST_TEST(quality("a/b;q=1.5", "a/b") == 1000);
  BOOST_TEST(quality("a/b;q=junk", "a/b") == 1000);
  BOOST_TEST(quality("", "a/b") == -1);
}

BOOST_AUTO_TEST_CASE(a_record_is_what_names_json_above_everything) {
  BOOST_TEST(prefers_record("application/json"));
  BOOST_TEST(prefers_record("application/json, */*;q=0.8"));
  BOOST_TEST(prefers_record("text/plain, application/json;q=0.1"));
  BOOST_TEST(!prefers_record(""));
  BOOST_TEST(!prefers_record("*/*"));
  BOOST_TEST(!prefers_record("application/json, text/plain, */*"));
  BOOST_TEST(!prefers_record("application/json;q=0.5, */*;q=0.8"));
  BOOST_TEST(!prefers_record("application/json;q=0"));
  BOOST_TEST(!prefers_record("application/*"));
}

BOOST_AUTO_TEST_CASE(streams_have_two_forms) {
  BOOST_TEST((stream_form("") == StreamForm::ndjson));
  BOOST_TEST((stream_form("*/*") == StreamForm::ndjson));
  BOOST_TEST((stream_form("application/x-ndjson") == StreamForm::ndjson));
  BOOST_TEST((stream_form("text/event-stream") == StreamForm::event_stream));
  BOOST_TEST((stream_form("text/event-stream, */*") == StreamForm::event_stream));
  BOOST_TEST((stream_form("text/html") == StreamForm::none));
  BOOST_TEST(prefers_ndjson("application/x-ndjson"));
  BOOST_TEST(!prefers_ndjson("application/json, */*"));
}

BOOST_AUTO_TEST_SUITE_END()
