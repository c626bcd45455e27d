#include "kvs/cmd/text.hpp"

#include <boost/test/unit_test.hpp>

namespace kvs {

using std::string_literals::operator""s;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(a_line_is_escaped_without_ambiguity) {
  BOOST_TEST(escaped("a\tb\nc\\d\re", Escape::line) == "a\\tb\\nc\\\\d\\re");
  BOOST_TEST(escaped("\x1b[31m\x7f\0"s, Escape::line) == "\\x1b[31m\\x7f\\x00");
}

BOOST_AUTO_TEST_CASE(text_keeps_newlines_and_tabs_but_no_other_controls) {
  BOOST_TEST(escaped("a\n\tb\\\r", Escape::text) == "a\n\tb\\\\x0d");
}

BOOST_AUTO_TEST_CASE(visible_text_of_any_script_stays) {
  BOOST_TEST(escaped("Größe 東京 😀", Escape::line) == "Größe 東京 😀");
}

BOOST_AUTO_TEST_CASE(c1_controls_direction_marks_and_broken_utf8_are_escaped) {
  BOOST_TEST(escaped("\xc2\x9b", Escape::line) == "\\xc2\\x9b");
  BOOST_TEST(escaped("\u202e", Escape::text) == "\\xe2\\x80\\xae");
  BOOST_TEST(escaped("a\xff\xe6\x9d", Escape::line) == "a\\xff\\xe6\\x9d");
  BOOST_TEST(escaped("\xed\xa0\x80", Escape::line) == "\\xed\\xa0\\x80");
}

BOOST_AUTO_TEST_CASE(wide_characters_count_twice_and_combining_ones_not_at_all) {
  BOOST_TEST(display_width("abc") == 3U);
  BOOST_TEST(display_width("東京") == 4U);
  BOOST_TEST(display_width("e\u0301") == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_too_wide_is_cut_with_an_ellipsis) {
  BOOST_TEST(cut_to_width("abcdef", 6) == "abcdef");
  BOOST_TEST(cut_to_width("abcdef", 5) == "abcd…");
  BOOST_TEST(cut_to_width("東京都", 4) == "東…");
}

BOOST_AUTO_TEST_CASE(binary_is_marked_in_a_cell) {
  BOOST_TEST(value_cell("\xff\x01") == "<2 bytes, no text>");
  BOOST_TEST(value_cell("a\nb") == "a\\nb");
}

BOOST_AUTO_TEST_CASE(a_table_is_as_wide_as_its_cells_and_no_wider_than_the_terminal) {
  std::vector<std::vector<std::string>> rows{{"KEY", "VALUE"}, {"Größe", "0123456789abcdef"}};
  BOOST_TEST(table(rows, 0) == "KEY    VALUE\nGröße  0123456789abcdef\n");
  BOOST_TEST(table(rows, 17) == "KEY    VALUE\nGröße  012345678…\n");
}

BOOST_AUTO_TEST_CASE(json_is_indented_as_go_does_it) {
  BOOST_TEST(indent_json("{\"a\":[1,{}],\"b\":\"x, y: {\\\"\",\"c\":[]}\n", 4) ==
             "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": \"x, y: {\\\"\",\n    \"c\": []\n}");
  BOOST_TEST(indent_json("\"SUCCESS\"", 4) == "\"SUCCESS\"");
  BOOST_TEST(indent_json("{}", 2) == "{}");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
