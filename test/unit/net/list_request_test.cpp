#include "kvs/net/list_request.hpp"

#include <boost/test/unit_test.hpp>

#include "http_text.hpp"
#include "net_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  Fixture() { load(); }

  result<ListRequest> parse(std::string_view query, std::string_view fields = {}) {
    text = get("/v1/kv" + std::string(query.empty() ? "" : "?") + std::string(query), fields);
    BOOST_TEST((parse_head(text, head, 0).kind == HeadResult::Kind::complete));
    return parse_list(head, worker);
  }
  std::string error(std::string_view query) {
    auto parsed = parse(query);
    return parsed ? "" : std::string(to_string(parsed.error().code)) + ": " + parsed.error().detail;
  }
  // The page behind a key, or behind a folded prefix.
  std::string behind_key(std::string_view query, std::string_view key) {
    auto record = Record::make(key, std::string_view{});
    return next_page(*parse(query), {record.get(), {}}, {Revision{7}, {}});
  }
  std::string behind_folded(std::string_view query, std::string_view folded) {
    return next_page(*parse(query), {nullptr, folded}, {Revision{7}, {}});
  }

  std::string text;
  RequestHead head;
};

constexpr std::string_view ndjson = "Accept: application/x-ndjson\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(list_request)

BOOST_AUTO_TEST_CASE(nothing_asked_means_a_page_of_everything) {
  Fixture f;
  auto request = f.parse("");
  BOOST_TEST(request->limit == 1000U);
  BOOST_TEST(request->range.from == "");
  BOOST_TEST(!request->range.to.has_value());
  BOOST_TEST(!request->stream);
}

BOOST_AUTO_TEST_CASE(a_limit_is_clamped_and_never_0) {
  Fixture f;
  BOOST_TEST(f.parse("limit=1")->limit == 1U);
  BOOST_TEST(f.parse("limit=10001")->limit == 10'000U);
  BOOST_TEST(f.error("limit=0") == "bad_parameter: limit must be at least 1");
  BOOST_TEST(f.error("limit=x").starts_with("bad_parameter: parameter 'limit'"));
}

BOOST_AUTO_TEST_CASE(a_stream_has_no_limit_but_one_that_is_given) {
  Fixture f;
  BOOST_TEST(f.parse("", ndjson)->limit == SIZE_MAX);
  BOOST_TEST(f.parse("limit=20000", ndjson)->limit == 20'000U);
  BOOST_TEST(f.parse("", ndjson)->stream);
}

BOOST_AUTO_TEST_CASE(empty_bounds_are_none_and_an_empty_separator_is_a_mistake) {
  Fixture f;
  auto request = f.parse("prefix=&start=&after=&end=");
  BOOST_TEST(request->range.from == "");
  BOOST_TEST(!request->range.to.has_value());
  BOOST_TEST(f.error("separator=").starts_with("bad_parameter: separator"));
}

BOOST_AUTO_TEST_CASE(a_bound_longer_than_any_key_is_refused_by_name) {
  Fixture f;
  for (std::string name : {"prefix", "start", "end", "after", "separator"}) {
    BOOST_TEST(f.error(name + '=' + std::string(1024, 'x')) == "");
    BOOST_TEST(f.error(name + '=' + std::string(1026, 'x')).starts_with("key_too_large: " + name));
  }
}

BOOST_AUTO_TEST_CASE(unknown_parameters_get_a_suggestion) {
  Fixture f;
  BOOST_TEST(f.error("seperator=/") == "bad_parameter: unknown parameter 'seperator': did you mean 'separator'?");
}

BOOST_AUTO_TEST_CASE(the_next_page_begins_after_the_last_key) {
  Fixture f;
  BOOST_TEST(f.behind_key("limit=2&prefix=a/&end=b", "a/1") == "/v1/kv?prefix=a/&after=a/1&limit=2&revision=7");
  BOOST_TEST(f.behind_key("start=a&end=m", "c") == "/v1/kv?after=c&end=m&limit=1000&revision=7");
  BOOST_TEST(f.behind_key("keys_only=1&linearizable=1", "c") == "/v1/kv?after=c&limit=1000&keys_only=1&revision=7");
}

BOOST_AUTO_TEST_CASE(the_next_page_begins_behind_all_that_a_folded_prefix_holds) {
  Fixture f;
  BOOST_TEST(f.behind_folded("separator=/&limit=5", "a/") == "/v1/kv?start=a0&limit=5&separator=/&revision=7");
  BOOST_TEST(f.behind_folded("separator=/&reverse=1&start=a/1", "a/") ==
             "/v1/kv?start=a/1&end=a/&reverse=1&limit=1000&separator=/&revision=7");
}

BOOST_AUTO_TEST_CASE(backwards_the_next_page_ends_at_the_last_key) {
  Fixture f;
  BOOST_TEST(f.behind_key("reverse&prefix=a", "a5") == "/v1/kv?prefix=a&end=a5&reverse=1&limit=1000&revision=7");
}

BOOST_AUTO_TEST_CASE(any_bytes_survive_the_way_through_a_link) {
  Fixture f;
  std::string key;
  for (int byte = 0; byte < 256; ++byte) key += static_cast<char>(byte);
  std::string url = f.behind_key("", key);
  BOOST_TEST(url.find_first_of("<>\" ") == std::string::npos);
  BOOST_TEST(f.parse(url.substr(url.find('?') + 1)).value().range.from == key + '\0');
}

BOOST_AUTO_TEST_SUITE_END()
