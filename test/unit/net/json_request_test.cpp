#include "kvs/net/json_request.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

namespace {

constexpr std::string_view members[] = {"key", "key_base64", "ttl", "revision", "absent", "then"};

JsonDocument parsed(std::string_view text) { return JsonDocument::parse(text).value(); }

std::string complaint(std::string_view text) {
  auto document = JsonDocument::parse(text);
  if (!document) return std::string(to_string(document.error().code)) + ": " + document.error().detail;
  auto object = document->object();
  if (!object) return object.error().detail;
  auto problem = object->only(members);
  return problem ? problem->detail : "";
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- != 0) all += text;
  return all;
}

// Of a body with these fields.
std::string complaint_about(const std::string& fields) {
  std::string text = "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
  RequestHead head;
  BOOST_TEST_REQUIRE((parse_head(text, head).kind == HeadResult::Kind::complete), text);
  auto problem = check_json_body(head, "a poem");
  if (!problem) return "";
  BOOST_TEST((problem->code == errc::unsupported_media_type));
  return problem->detail;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_request)

BOOST_AUTO_TEST_CASE(a_body_is_said_to_be_json_whatever_its_parameters) {
  for (const char* type :
       {"application/json", "Application/JSON", "application/json;charset=utf-8", "application/json ; q"})
    BOOST_TEST(complaint_about("Content-Type: " + std::string(type) + "\r\n") == "", type);
  for (const char* type :
       {"", "text/json", "application/json5", "application/json text", "application/json, text/plain"}) {
    BOOST_TEST(complaint_about("Content-Type: " + std::string(type) + "\r\n") ==
                   "a poem must come as JSON: send it with Content-Type: application/json",
               type);
  }
  BOOST_TEST(complaint_about("Content-Type: application/json\r\nContent-Encoding: gzip\r\n") ==
             "a poem must come as plain JSON: send it without Content-Encoding");
}

BOOST_AUTO_TEST_CASE(members_come_as_what_they_are) {
  auto document = parsed(R"( {"key":"a\u0000b\u20ac","ttl":"30s","revision":9007199254740991,"absent":true} )");
  auto object = document.object().value();
  BOOST_TEST(!object.only(members).has_value());
  BOOST_TEST(*object.bytes("key").value() == std::string("a\0b\xE2\x82\xAC", 6));
  BOOST_TEST(*object.text("ttl").value() == "30s");
  BOOST_TEST(*object.number("revision").value() == 9007199254740991U);
  BOOST_TEST(*object.flag("absent").value());
  BOOST_TEST(!object.has("then"));
  BOOST_TEST(!object.text("value").value().has_value());
  BOOST_TEST(!object.bytes("value").value().has_value());
  BOOST_TEST(object.objects("then")->empty());
}

BOOST_AUTO_TEST_CASE(of_a_repeated_member_the_last_counts) {
  auto document = parsed(R"({"key":1,"key":"first","key":"last"})");
  BOOST_TEST(*document.object()->bytes("key").value() == "last");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_come_as_base64) {
  auto document = parsed(R"({"key_base64":"AP8B","ttl_base64":"AP8","then":"x","then_base64":"eA=="})");
  auto object = document.object().value();
  BOOST_TEST(*object.bytes("key").value() == std::string("\0\xFF\x01", 3));
  BOOST_TEST(object.bytes("ttl").error().detail == "'ttl_base64' must be base64 (standard alphabet, padded)");
  BOOST_TEST(object.bytes("then").error().detail == "'then' and 'then_base64' are both given: give one of them");
}

BOOST_AUTO_TEST_CASE(lists_say_which_of_theirs_is_wrong) {
  auto document =
      parsed(R"({"then":[{"key":"a"},{"key":2}],"key":["a","b"],"ttl":"alone","absent":[[1],"a"],"x":["a",3]})");
  auto object = document.object().value();
  auto list = object.objects("then").value();
  BOOST_TEST(list.size() == 2U);
  BOOST_TEST(*list[0].text("key").value() == "a");
  BOOST_TEST(list[1].text("key").error().detail == "'then[1].key' must be text, not a number");
  BOOST_TEST(list[1].wrong("", "names no key").detail == "'then[1]' names no key");
  BOOST_TEST((object.texts("key").value() == std::vector<std::string_view>{"a", "b"}));
  BOOST_TEST((object.texts("ttl").value() == std::vector<std::string_view>{"alone"}));
  BOOST_TEST(object.objects("absent").error().detail == "'absent[0]' must be an object, not a list");
  BOOST_TEST(object.objects("ttl").error().detail == "'ttl' must be a list of objects, not text");
  BOOST_TEST(object.texts("x").error().detail == "'x[1]' must be text, not a number");
}

BOOST_AUTO_TEST_CASE(a_member_of_another_kind_is_refused_by_its_name) {
  auto document = parsed(R"({"a":null,"b":-1,"c":1.5,"d":9007199254740992,"e":"1","f":1,"g":1e3,"h":1e999})");
  auto object = document.object().value();
  BOOST_TEST(object.text("a").error().detail == "'a' must be text, not null");
  for (std::string_view name : {"b", "c", "d"}) {
    BOOST_TEST(object.number(name).error().detail ==
               '\'' + std::string(name) + "' must be a whole number from 0 to 9007199254740991");
  }
  BOOST_TEST(object.number("e").error().detail == "'e' must be a number, not text");
  BOOST_TEST(object.flag("f").error().detail == "'f' must be true or false, not a number");
  BOOST_TEST(*object.number("g").value() == 1000U);
  BOOST_TEST(to_string(object.number("f", 0).error().code) == "malformed");
  BOOST_TEST(!object.number("h").has_value());
}

BOOST_AUTO_TEST_CASE(a_member_nobody_knows_is_refused_with_a_suggestion) {
  BOOST_TEST(complaint(R"({"key":"k","tll":"1s"})") == "'tll' is not known: did you mean 'ttl'?");
  BOOST_TEST(complaint(R"({"Key":"k"})") == "'Key' is not known: did you mean 'key'?");
  BOOST_TEST(complaint(R"({"something":1})") ==
             "'something' is not known; there may be key, key_base64, ttl, revision, absent, then");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_refused) {
  for (std::string text :
       {"", " ", "{", "{\"key\"", "{\"key\":\"a\",}", "{key:1}", "{'key':1}", "// comment\n{}", "{\"key\":\"\xFF\"}",
        "{\"key\":\"\\ud800\"}", "{\"key\":\"\n\"}", "{\"key\":01}", "NaN", "\xEF\xBB\xBF{}", "{}x", "{} {}", "{},"}) {
    BOOST_TEST(complaint(text).starts_with("malformed: "), text << " -> " << complaint(text));
  }
  BOOST_TEST(complaint("{} {}") ==
             "malformed: the body is not the JSON it should be, at byte 3: nothing may follow the value");
  BOOST_TEST(complaint("{\"key\"") == "malformed: the JSON ends before it is complete");
  BOOST_TEST(complaint("[1]") == "the body must be an object, not a list");
  BOOST_TEST(complaint("null") == "the body must be an object, not null");
  BOOST_TEST(complaint(" {} \r\n\t") == "");
}

BOOST_AUTO_TEST_CASE(values_are_nested_sixteen_deep_and_no_deeper) {
  auto nested = [](std::size_t depth) {
    return "{\"then\":" + repeated("[", depth - 1) + repeated("]", depth - 1) + "}";
  };
  BOOST_TEST(complaint(nested(16)) == "");
  BOOST_TEST(complaint(nested(17)).ends_with("nested more than 16 deep"));
  BOOST_TEST(complaint(repeated("[", 1'000'000)).ends_with("nested more than 16 deep"));
}

BOOST_AUTO_TEST_CASE(values_that_take_many_times_the_memory_of_their_text_are_refused) {
  std::string many = "[0" + repeated(",0", 1'000'000) + "]";
  BOOST_TEST(complaint(many).starts_with("request_too_large: "));
  std::string large = "{\"key\":\"" + repeated("x", 4'000'000) + "\"}";
  BOOST_TEST(complaint(large) == "");
}

BOOST_AUTO_TEST_SUITE_END()
