#include "kvs/net/watch_body.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/net/parameters.hpp"

using namespace kvs;

namespace {

// "NAME=VALUE NAME=VALUE", decoded.
std::string read(std::string_view body) {
  auto query = watch_query(body);
  if (!query) return std::string(to_string(query.error().code)) + ": " + query.error().detail;
  auto parsed = parse_query(*query, watch_parameters);
  BOOST_TEST_REQUIRE(parsed.has_value(), *query);
  std::string text;
  for (const auto& one : parsed->all()) text += (text.empty() ? "" : " ") + one.name + '=' + one.value;
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watch_body)

BOOST_AUTO_TEST_CASE(nothing_is_a_watch_of_everything) { BOOST_TEST(read("{}") == ""); }

BOOST_AUTO_TEST_CASE(keys_and_prefixes_are_lists_or_stand_alone) {
  BOOST_TEST(read(R"({"key":["a","b&c=%"],"prefix":"p/"})") == "key=a key=b&c=% prefix=p/");
  BOOST_TEST(read(R"({"key_base64":["/w=="],"prefix_base64":"YQ=="})") == "key=\xFF prefix=a");
  BOOST_TEST(read(R"({"key_base64":"?"})").starts_with("malformed: "));
}

BOOST_AUTO_TEST_CASE(a_place_is_a_number_or_a_position) {
  BOOST_TEST(read(R"({"since":42})") == "since=42");
  BOOST_TEST(read(R"({"since":"42@00d1c7f29a4be310","min_revision":1})") == "since=42@00d1c7f29a4be310 min_revision=1");
  BOOST_TEST(read(R"({"since":true})").starts_with("malformed: "));
}

BOOST_AUTO_TEST_CASE(everything_else_is_as_in_a_query) {
  BOOST_TEST(read(R"({"ops":["set","delete"],"progress":"5s","initial":true,"prev":false,"count":3})") ==
             "ops=set,delete progress=5s initial=1 prev=0 count=3");
  BOOST_TEST(read(R"({"ops":"set,expire","wait":"30s","deliver":"latest","on_gap":"fail","keys_only":true})") ==
             "ops=set,expire wait=30s deliver=latest on_gap=fail keys_only=1");
}

BOOST_AUTO_TEST_CASE(a_member_that_is_not_known_is_named) {
  BOOST_TEST(read(R"({"prefx":"a"})").find("prefix") != std::string::npos);
  BOOST_TEST(read("[]").starts_with("malformed: "));
  BOOST_TEST(read("").starts_with("malformed: "));
}

BOOST_AUTO_TEST_SUITE_END()
