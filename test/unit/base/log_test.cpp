#include "kvs/log.hpp"

#include <boost/test/unit_test.hpp>

using kvs::log::Format;
using kvs::log::Level;
using kvs::log::line;

namespace {

constexpr auto noon = "2026-11-22T12:00:00.016Z";

}  // namespace

BOOST_AUTO_TEST_SUITE(log_)

BOOST_AUTO_TEST_CASE(a_record_for_people_begins_with_time_level_and_words) {
  BOOST_TEST(line(Format::human, noon, Level::warn, "the bus is away", {{"topic", "kvs"}, {"why", "no broker"}}) ==
             "2026-11-22T12:00:00.016Z warn the bus is away topic=kvs why=\"no broker\"\n");
}

BOOST_AUTO_TEST_CASE(logfmt_quotes_what_is_not_one_plain_word) {
  BOOST_TEST(line(Format::logfmt, noon, Level::info, "ready", {{"keys", std::uint64_t{7}}, {"empty", ""}}) ==
             "ts=2026-11-22T12:00:00.016Z level=info msg=ready keys=7 empty=\"\"\n");
  BOOST_TEST(line(Format::logfmt, noon, Level::info, "a b", {{"x", "a=b"}, {"y", "say \"no\"\n"}}) ==
             "ts=2026-11-22T12:00:00.016Z level=info msg=\"a b\" x=\"a=b\" y=\"say \\\"no\\\"\\n\"\n");
}

BOOST_AUTO_TEST_CASE(json_has_numbers_as_numbers) {
  BOOST_TEST(line(Format::json, noon, Level::error, "no \"room\"", {{"left", std::uint64_t{0}}, {"revision", "12"}}) ==
             "{\"time\":\"2026-11-22T12:00:00.016Z\",\"level\":\"error\",\"msg\":\"no \\\"room\\\"\",\"left\":0,"
             "\"revision\":\"12\"}\n");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_stay_valid_and_harmless) {
  BOOST_TEST(line(Format::json, noon, Level::info, "\xff", {}) ==
             "{\"time\":\"2026-11-22T12:00:00.016Z\",\"level\":\"info\",\"msg\":\"\xEF\xBF\xBD\"}\n");
  BOOST_TEST(line(Format::logfmt, noon, Level::info, "x", {{"key", "\xff"}}) ==
             "ts=2026-11-22T12:00:00.016Z level=info msg=x key=\"\xEF\xBF\xBD\"\n");
  BOOST_TEST(line(Format::human, noon, Level::info, "a\x1b[2Jb\nc", {}) ==
             "2026-11-22T12:00:00.016Z info a\\x1b[2Jb\\x0ac\n");
  BOOST_TEST(line(Format::human, "", Level::info,
                  "a\x9B"
                  "2J",
                  {}) == "info a\\x9b2J\n");
  BOOST_TEST(line(Format::human, "", Level::info, "\u009B2J é", {{"path", "/\u009B2J"}}) ==
             "info \\xc2\\x9b2J é path=\"/\\u009b2J\"\n");
  BOOST_TEST(line(Format::logfmt, "", Level::info, "x", {{"path", "/\u009B2J"}}) ==
             "level=info msg=x path=\"/\\u009b2J\"\n");
  BOOST_TEST(line(Format::json, "", Level::info, "x", {{"path", "/\x7F"}}) ==
             "{\"level\":\"info\",\"msg\":\"x\",\"path\":\"/\\u007f\"}\n");
}

BOOST_AUTO_TEST_CASE(without_a_time_none_is_shown) {
  BOOST_TEST(line(Format::logfmt, "", Level::info, "ready", {}) == "level=info msg=ready\n");
  BOOST_TEST(line(Format::human, "", Level::info, "ready", {}) == "info ready\n");
  BOOST_TEST(line(Format::json, "", Level::info, "ready", {}) == "{\"level\":\"info\",\"msg\":\"ready\"}\n");
}

BOOST_AUTO_TEST_CASE(only_the_stream_that_is_named_is_the_journal) {
  BOOST_TEST(!kvs::log::goes_to_journal(""));
  BOOST_TEST(!kvs::log::goes_to_journal("1:1"));
}

BOOST_AUTO_TEST_SUITE_END()
