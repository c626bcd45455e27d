#include "kvs/json_text.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

using namespace kvs;

namespace {

std::string in_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string replaced(std::string_view text) {
  std::string out;
  append_json_string_replacing(out, text);
  return out;
}

std::string coded(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::string time_text(std::int64_t ms) {
  std::string out;
  append_time(out, LogTime(std::chrono::milliseconds(ms)));
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_text)

BOOST_AUTO_TEST_CASE(only_what_json_demands_is_escaped) {
  BOOST_TEST(in_json("plain") == "\"plain\"");
  BOOST_TEST(in_json("") == "\"\"");
  BOOST_TEST(in_json("a\"b\\c/d<>&'\x7F") == "\"a\\\"b\\\\c/d<>&'\x7F\"");
  BOOST_TEST(in_json(std::string_view("\0\b\f\n\r\t\x1F", 7)) == R"("\u0000\u0008\u000c\n\r\t\u001f")");
  BOOST_TEST(in_json("Zürich \u2028 \U0001F600") == "\"Zürich \u2028 \U0001F600\"");
}

BOOST_AUTO_TEST_CASE(json_fit_for_a_terminal_has_no_control_that_json_lets_through) {
  BOOST_TEST(fit_for_terminal("{\n  \"a\": \"\x7F \u0080\u009B\u009F\"\n}") ==
             "{\n  \"a\": \"\\u007f \\u0080\\u009b\\u009f\"\n}");
  for (const char* harmless : {"", "\u00A0\u007E", "\u00C2\u00E9", "\xC2"})
    BOOST_TEST(fit_for_terminal(harmless) == harmless);
}

BOOST_AUTO_TEST_CASE(a_control_character_has_one_byte_or_two) {
  for (const char* one : {"\x01", "\n", "\x1F", "\x7F"}) BOOST_TEST(control_size(one) == 1U);
  for (const char* two : {"\u0080", "\u009B[2J", "\u009F"}) BOOST_TEST(control_size(two) == 2U);
  for (const char* none : {" ", "~", "\u00A0", "\xC2", "\u00C2"}) BOOST_TEST(control_size(none) == 0U);
}

BOOST_AUTO_TEST_CASE(a_special_byte_is_found_wherever_it_stands) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (char c : {'"', '\\', '\n', '\x01'}) {
        std::string text(size, 'x'), expected = "\"" + std::string(at, 'x');
        text[at] = c;
        expected += c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : "\\u0001";
        BOOST_TEST(in_json(text) == expected + std::string(size - at - 1, 'x') + '"');
      }
      std::string text(size, 'x');
      text[at] = '\xFF';
      BOOST_TEST(!is_utf8(text));
      BOOST_TEST(replaced(text) ==
                 "\"" + std::string(at, 'x') + "\xEF\xBF\xBD" + std::string(size - at - 1, 'x') + "\"");
    }
  }
}

BOOST_AUTO_TEST_CASE(utf8_is_that_of_rfc_3629) {
  for (std::string_view good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    BOOST_TEST(is_utf8(good));
    BOOST_TEST(replaced(good) == '"' + std::string(good) + '"');
  }
  for (std::string_view bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2x", "\xE0\x9F\xBF", "\xE0\xA0", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF"}) {
    BOOST_TEST(!is_utf8(bad));
    BOOST_TEST(is_utf8(replaced(bad)));
  }
}

// The Unicode standard, table 3-8: one U+FFFD for each maximal subpart.
BOOST_AUTO_TEST_CASE(broken_parts_are_replaced_as_unicode_recommends) {
  const std::string r = "\xEF\xBF\xBD";
  BOOST_TEST(replaced("a\xF1\x80\x80\xE1\x80\xC2"
                      "b\x80"
                      "c\x80\xBF"
                      "d") == "\"a" + r + r + r + "b" + r + "c" + r + r + "d\"");
  BOOST_TEST(replaced("\xED\xA0\x80") == '"' + r + r + r + '"');
  BOOST_TEST(replaced("\"\xC3") == "\"\\\"" + r + '"');
}

BOOST_AUTO_TEST_CASE(members_are_text_or_base64_never_both) {
  std::string out;
  append_json_member(out, "key", "a\"");
  out += ',';
  append_json_member(out, "value", "\xFF");
  BOOST_TEST(out == R"("key":"a\"","value_base64":"/w==")");
}

BOOST_AUTO_TEST_CASE(base64_has_the_vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (auto [bytes, text] : vectors) {
    BOOST_TEST(coded(bytes) == text);
    BOOST_TEST(decode_base64(text).value() == bytes);
  }
  for (std::string_view bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm9v=", "====", "Z===", "Zm 9", "Zm-_", "Zg==Zg==", "\xFFm9v"}) {
    BOOST_TEST(!decode_base64(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_come_back_from_base64) {
  std::mt19937 random(11);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random());
    BOOST_TEST(decode_base64(coded(bytes)).value() == bytes);
  }
}

BOOST_AUTO_TEST_CASE(times_are_rfc_3339_with_milliseconds) {
  BOOST_TEST(time_text(1795327936016) == "2026-11-22T06:12:16.016Z");
  BOOST_TEST(time_text(0) == "1970-01-01T00:00:00.000Z");
  BOOST_TEST(time_text(951'782'400'999) == "2000-02-29T00:00:00.999Z");
  BOOST_TEST(time_text(-1) == "1969-12-31T23:59:59.999Z");
}

BOOST_AUTO_TEST_CASE(numbers_and_log_ids) {
  std::string out;
  append_number(out, 0);
  append_number(out, UINT64_MAX);
  BOOST_TEST(out == "018446744073709551615");
  BOOST_TEST(to_string(LogId{0xd1c7f29a4be310}) == "00d1c7f29a4be310");
  BOOST_TEST((parse_hex16("00D1c7f29a4be310") == 0xd1c7f29a4be310U));
  for (std::string_view bad :
       {"", "1", "00d1c7f29a4be31", "00d1c7f29a4be3100", "-0d1c7f29a4be310", "0x00c7f29a4be310", "00d1c7f29a4be31g"}) {
    BOOST_TEST(!parse_hex16(bad).has_value(), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
