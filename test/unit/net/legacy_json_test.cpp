#include "kvs/net/legacy_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <random>

#include "kvs/json_text.hpp"

using namespace kvs;

namespace {

// "KEY=VALUE" or "error".
std::string parsed(std::string_view body) {
  auto result = parse_legacy_body(body);
  return result ? result->key + '=' + result->value : "error";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(legacy_json)

BOOST_AUTO_TEST_CASE(a_pair_is_read) {
  BOOST_TEST(parsed(R"({"Key":"City","Value":"Ahmedabad"})") == "City=Ahmedabad");
  BOOST_TEST(parsed(" \r\n\t{ \"Key\" :\n\"Name\" } ") == "Name=");
  BOOST_TEST(parsed(R"({"Value":"v"})") == "=v");
  BOOST_TEST(parsed("{}") == "=");
  BOOST_TEST(parsed("null") == "=");
}

BOOST_AUTO_TEST_CASE(names_match_whatever_their_case_and_the_last_counts) {
  BOOST_TEST(parsed(R"({"KEY":"a","vAlUe":"b"})") == "a=b");
  BOOST_TEST(parsed(R"({"Key":"a","key":"b"})") == "b=");
  BOOST_TEST(parsed(R"({"Key":"a","Key":null})") == "=");
  BOOST_TEST(parsed(R"({"\u004bey":"a"})") == "a=");
  BOOST_TEST(parsed("{\"\u212Aey\":\"a\"}") == "=");
}

BOOST_AUTO_TEST_CASE(unknown_members_are_read_over) {
  BOOST_TEST(parsed(R"({"x":{"Key":"no","y":[1,{"Value":"no"}]},"Key":"a","z":1.5e3,"t":true,"n":null,"s":"Key"})") ==
             "a=");
  BOOST_TEST(parsed(R"({"x":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],"Key":"a"})") == "a=");
}

BOOST_AUTO_TEST_CASE(a_get_knows_no_value) {
  BOOST_TEST(parse_legacy_body(R"({"Key":"a","Value":7})", LegacyForm::key)->key == "a");
  BOOST_TEST(parse_legacy_body(R"({"Key":7,"Value":"v"})", LegacyForm::key).has_error());
}

BOOST_AUTO_TEST_CASE(text_after_the_first_value_is_ignored) {
  BOOST_TEST(parsed(R"({"Key":"Name"}garbage)") == "Name=");
  BOOST_TEST(parsed("{\"Key\":\"Name\"}\n{\"Key\":\"Age\"}\n") == "Name=");
  BOOST_TEST(parsed(R"({"Key":"a","Value":"1"}}})") == "a=1");
}

BOOST_AUTO_TEST_CASE(escapes_and_any_utf8_are_taken) {
  BOOST_TEST(parsed(R"({"Key":"\"\\\/\b\f\n\r\t\u0007","Value":"\ud83d\ude00 Zürich"})") ==
             "\"\\/\b\f\n\r\t\a=\U0001F600 Zürich");
  BOOST_TEST(parsed("{\"Key\":\"\\u0000\"}") == std::string("\0=", 2));
}

BOOST_AUTO_TEST_CASE(whatever_is_no_such_object_is_refused) {
  for (std::string_view body : {"",
                                "   \n ",
                                "Key=Name",
                                "{\"Key\":\"Na",
                                "{'Key':'Name'}",
                                "{\"Key\":\"Name\",}",
                                "{\"Key\":\"Name\"/*x*/}",
                                "[\"Name\"]",
                                "\"Name\"",
                                "7",
                                "7 ",
                                "-1.5",
                                "true",
                                "{\"Key\":5}",
                                "{\"Key\":true}",
                                "{\"Key\":[\"Name\"]}",
                                "{\"Key\":{\"a\":\"b\"}}",
                                "{\"Key\":\"Na\nme\"}",
                                "\xEF\xBB\xBF{\"Key\":\"Name\"}",
                                "{\"Key\":\"\\x41\"}",
                                "{\"Key\":\"City\",\"Value\":5}",
                                "{\"Key\":\"City\",\"Value\":\"x\"",
                                "{\"Key\" \"a\"}",
                                "{Key:\"a\"}",
                                "{\"Key\":nul}",
                                "{\"x\":1e999}",
                                "{\"Key\":123456789012345678901234567890}",
                                "{\"Key\":1.5}"}) {
    BOOST_TEST(parsed(body) == "error", body);
  }
  BOOST_TEST(parsed(std::string("{\"Key\":\"Na\0me\"}", 15)) == "error");
}

BOOST_AUTO_TEST_CASE(broken_text_is_refused) {
  for (std::string_view body : {"{\"Key\":\"a\\ud800b\"}", "{\"Key\":\"\\udc00\"}", "{\"Key\":\"\\ud800\\ud800\"}",
                                "{\"Key\":\"\xFF\"}", "{\"Key\":\"\xC0\xAF\"}", "{\"Key\":\"\xED\xA0\x80\"}",
                                "{\"Key\":\"\xF4\x90\x80\x80\"}", "{\"x\":\"\xC3\"}", "{\"\xFF\":\"a\"}"}) {
    BOOST_TEST(parsed(body) == "error");
  }
}

BOOST_AUTO_TEST_CASE(errors_say_what_would_be_right) {
  BOOST_TEST(parse_legacy_body("{\"Key\":5}").error().detail.find("must be strings") != std::string::npos);
  BOOST_TEST(parse_legacy_body("[1]").error().detail.find("must be a JSON object") != std::string::npos);
  BOOST_TEST(parse_legacy_body("").error().detail.find("ends before") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(deep_nesting_ends_at_its_limit) {
  BOOST_TEST(parsed("{\"x\":" + std::string(100'000, '[')) == "error");
  BOOST_TEST(parsed("{\"x\":" + std::string(80, '[') + std::string(80, ']') + "}") == "error");
}

// The recordings of the original: each body of /get and /set is refused exactly when its 400 says so.
BOOST_AUTO_TEST_CASE(the_recorded_bodies_are_taken_and_refused_as_by_the_original) {
  std::ifstream file(KVS_LEGACY_DIRECTORY "/exchanges.jsonl");
  BOOST_TEST_REQUIRE(file.is_open());
  int checked = 0;
  for (std::string line; std::getline(file, line);) {
    auto exchange = boost::json::parse(line).as_object();
    auto& request = exchange.at("request").as_object();
    auto path_text = request.at("path").as_string();
    if ((path_text != "/get" && path_text != "/set") || !exchange.at("must_match").as_bool()) continue;
    if (request.at("method").as_string() == "OPTIONS" || exchange.contains("setup") || request.contains("body_repeat"))
      continue;
    auto* answer = exchange.at("answer").as_object().if_contains("status");
    if (answer == nullptr || (answer->as_int64() != 200 && answer->as_int64() != 400 && answer->as_int64() != 500))
      continue;
    std::string body;
    if (auto* plain = request.if_contains("body")) body.assign(plain->as_string().data(), plain->as_string().size());
    if (auto* coded = request.if_contains("body_base64")) {
      body = decode_base64(std::string_view(coded->as_string().data(), coded->as_string().size())).value();
    }
    auto form = path_text == "/get" ? LegacyForm::key : LegacyForm::pair;
    BOOST_TEST(parse_legacy_body(body, form).has_error() == (answer->as_int64() == 400),
               exchange.at("name").as_string().c_str());
    ++checked;
  }
  BOOST_TEST(checked > 60);
}

BOOST_AUTO_TEST_CASE(mutated_bodies_give_text_or_an_error) {
  std::mt19937 random(3);
  const std::string seed = R"({"x":[1,"\ud83d\ude00",{"y":null}],"Key":"Zürich","Value":"\"a\\b"})";
  for (int round = 0; round < 30'000; ++round) {
    std::string body = seed;
    for (int i = 0; i < 3; ++i)
      body[random() % body.size()] = random() % 2 ? static_cast<char>(random()) : "\"\\{}[],:u0dc"[random() % 12];
    if (random() % 4 == 0) body.resize(random() % body.size());
    auto result = parse_legacy_body(body);
    if (result) BOOST_REQUIRE(is_utf8(result->key) && is_utf8(result->value));
  }
}

BOOST_AUTO_TEST_SUITE_END()
