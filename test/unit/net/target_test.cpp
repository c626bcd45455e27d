#include "kvs/net/target.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;
using namespace std::chrono_literals;

namespace {

std::string key(std::string_view raw) {
  std::string scratch;
  auto decoded = decode_key(raw, scratch);
  return decoded ? std::string(*decoded) : "error: " + std::string(to_string(decoded.error().code));
}

constexpr ParameterRule rules[] = {{"prefix"}, {.name = "key", .repeatable = true}, {"limit"}, {"ttl"}, {"keys_only"},
                                   {"since"}};

std::string error_of(std::string_view raw) {
  auto query = parse_query(raw, rules);
  return query ? "" : query.error().detail;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(a_key_is_decoded_once_and_never_normalised) {
  BOOST_TEST(key("a") == "a");
  BOOST_TEST(key("a/../b//c/") == "a/../b//c/");
  BOOST_TEST(key("%2F%2f") == "//");
  BOOST_TEST(key("%252F") == "%2F");
  BOOST_TEST(key("a+b") == "a+b");
  BOOST_TEST(key("%C3%A9\xC3\xA9\xFF") == "\xC3\xA9\xC3\xA9\xFF");
  BOOST_TEST(key("%00%0a") == std::string("\0\n", 2));
}

BOOST_AUTO_TEST_CASE(any_byte_may_stand_in_a_key) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    std::string escaped{'%', digits[byte / 16], digits[byte % 16]};
    BOOST_TEST(key(escaped) == std::string(1, static_cast<char>(byte)), escaped);
  }
}

BOOST_AUTO_TEST_CASE(a_key_without_escapes_is_not_copied) {
  std::string scratch, raw = "plain/key";
  BOOST_TEST(decode_key(raw, scratch)->data() == raw.data());
}

BOOST_AUTO_TEST_CASE(bad_keys_are_named) {
  BOOST_TEST(key("") == "error: empty_key");
  for (std::string_view raw : {"%", "a%2", "%zz", "%2g", "%%30", "a%", "\x01", "a\x7F", "a\n"}) {
    BOOST_TEST(key(raw) == "error: bad_key", raw);
  }
  BOOST_TEST(key(std::string(1024, 'k')) == std::string(1024, 'k'));
  BOOST_TEST(key(std::string(1025, 'k')) == "error: key_too_large");
  std::string escaped;
  for (int i = 0; i < 1024; ++i) escaped += "%41";
  BOOST_TEST(key(escaped) == std::string(1024, 'A'));
}

BOOST_AUTO_TEST_CASE(every_key_comes_back_from_its_encoded_form) {
  std::string all, encoded;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  append_encoded_key(encoded, all);
  BOOST_TEST(key(encoded) == all);
  BOOST_TEST(encoded.find_first_of("?#% \"") == encoded.find('%'));
}

BOOST_AUTO_TEST_CASE(every_value_comes_back_from_its_encoded_form) {
  std::string all, encoded = "prefix=";
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  append_encoded_value(encoded, all);
  auto query = parse_query(encoded, rules);
  BOOST_TEST_REQUIRE(query.has_value());
  BOOST_TEST(query->value("prefix").value() == all);
  BOOST_TEST(encoded.find_first_of("<>&+# \"") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(parameters_are_decoded_with_plus_as_space) {
  auto query = parse_query("prefix=a%2Fb+c%2B&key=1&key=2&keys_only&limit=", rules);
  BOOST_TEST_REQUIRE(query.has_value());
  BOOST_TEST(query->value("prefix").value() == "a/b c+");
  BOOST_TEST(query->values("key") == (std::vector<std::string_view>{"1", "2"}), boost::test_tools::per_element());
  BOOST_TEST(query->value("limit").value() == "");
  BOOST_TEST(!query->value("ttl").has_value());
  BOOST_TEST(query->flag("keys_only").value());
  BOOST_TEST(parse_query("", rules)->all().empty());
  BOOST_TEST(parse_query("&&prefix=x&", rules)->all().size() == 1U);
}

BOOST_AUTO_TEST_CASE(unknown_parameters_get_a_suggestion) {
  BOOST_TEST(error_of("prefx=a") == "unknown parameter 'prefx': did you mean 'prefix'?");
  BOOST_TEST(error_of("tll=3s") == "unknown parameter 'tll': did you mean 'ttl'?");
  BOOST_TEST(error_of("colour=a").find("this route takes prefix, key, limit") != std::string::npos);
  BOOST_TEST(error_of("Prefix=a") == "unknown parameter 'Prefix': did you mean 'prefix'?");
  BOOST_TEST(parse_query("x=1", {}).error().detail == "unknown parameter 'x': this route takes none");
}

BOOST_AUTO_TEST_CASE(only_repeatable_parameters_may_be_repeated) {
  BOOST_TEST(error_of("key=a&key=a") == "");
  BOOST_TEST(error_of("limit=1&limit=1") == "parameter 'limit' is given twice: give it once");
  BOOST_TEST(error_of("limit=%4") != "");
}

BOOST_AUTO_TEST_CASE(typed_parameters_name_themselves_in_errors) {
  auto query = parse_query("ttl=30&limit=x&since=42@00d1c7f29a4be310", rules).value();
  BOOST_TEST(query.duration("ttl").error().detail.starts_with("parameter 'ttl': '30' is no duration"));
  BOOST_TEST(query.number("limit").error().detail.starts_with("parameter 'limit': 'x' is no number"));
  BOOST_TEST((query.position("since").value() == Position{Revision{42}, LogId{0x00d1c7f29a4be310}}));
  BOOST_TEST(!query.number("prefix").value().has_value());
  auto good = parse_query("ttl=1m30s&limit=7&keys_only=0", rules).value();
  BOOST_TEST((good.duration("ttl").value() == 90'000ms));
  BOOST_TEST((good.number("limit").value() == 7U));
  BOOST_TEST(!good.flag("keys_only").value());
}

BOOST_AUTO_TEST_CASE(legacy_queries_take_whatever_comes) {
  auto query = parse_query_leniently("since=1&since=2&x=%zz&");
  BOOST_TEST(query.value("since").value() == "1");
  BOOST_TEST(query.value("x").value() == "%zz");
}

BOOST_AUTO_TEST_SUITE_END()
