#include "kvs/cmd/import_batch.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/cmd/record_stream.hpp"
#include "test/unit/cmd/settings_fixture.hpp"

namespace kvs {

using test::failure_of;

namespace {

const LogTime now = *parse_time("2026-11-22T06:12:16.016Z");

ImportRecord record(const std::string& key, const std::string& value) { return {key, value, "", {}}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(import_batch)

BOOST_AUTO_TEST_CASE(a_time_is_read_as_it_is_written) {
  BOOST_TEST((now == LogTime(std::chrono::milliseconds(1'795'327'936'016))));
  BOOST_TEST(!parse_time("2026-11-22T06:12:16.016").has_value());
  BOOST_TEST(!parse_time("2026-11-22T06:12:16.016Zx").has_value());
  BOOST_TEST(!parse_time("").has_value());
  BOOST_TEST(!parse_time("2026-11-22T06:12:16.5Z").has_value());
  BOOST_TEST(!parse_time("2026-02-29T06:12:16.016Z").has_value());
  BOOST_TEST((parse_time("2026-11-22T06:12:16Z") == now - std::chrono::milliseconds(16)));
  BOOST_TEST((parse_time("9999-12-31T23:59:59.999Z") == LogTime(std::chrono::milliseconds(253'402'300'799'999))));
}

BOOST_AUTO_TEST_CASE(a_record_keeps_its_type_and_the_rest_of_its_life) {
  ImportRecord got = parse_import(
      R"({"key":"a","value_base64":"/w==","revision":7,"content_type":"x/y","expires":"2026-11-22T06:12:46.516Z"})",
      now);
  BOOST_TEST(got.key == "a");
  BOOST_TEST(got.value == "\xff");
  BOOST_TEST(got.content_type == "x/y");
  BOOST_TEST(got.ttl->count() == 30'500);
  BOOST_TEST(!parse_import(R"({"key":"a","value":""})", now).ttl.has_value());
  BOOST_TEST(parse_import(R"({"key":"a","value":"","ttl":"30s"})", now).ttl->count() == 30'000);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_record_is_said_to_be_so) {
  auto wrong = [](const std::string& line) { return failure_of([&] { parse_import(line, now); }); };
  BOOST_TEST(wrong("{") == "no JSON object");
  BOOST_TEST(wrong(R"({"value":"1"})") == "a record without a key");
  BOOST_TEST(wrong(R"({"key":"a","size":1})") == "a record without a value");
  BOOST_TEST(
      wrong(R"({"key":"a","value":"","vesion":1})").starts_with("no record has a member 'vesion' | a record may"));
  BOOST_TEST(wrong(R"({"key":"a","value":7})") == "value is no string: 7");
  BOOST_TEST(wrong(R"({"key":"a","value":"","ttl":30})") == "ttl is no string: 30");
  BOOST_TEST(wrong(R"({"key":"a","value":"","value_base64":""})") ==
             "value and value_base64: one of them says what it is");
  BOOST_TEST(wrong(R"({"key_base64":"/","value":""})") == "key_base64 is no base64");
  BOOST_TEST(wrong(R"({"key":"a","value":"","expires":"soon"})") ==
             "expires is no time as in 2027-01-31T12:00:00Z: soon");
  BOOST_TEST(wrong(R"({"key":"a","value":"","content_type":"a\r\nHost: b"})") ==
             "content_type cannot stand in a header field");
  BOOST_TEST(wrong(R"({"key":"a","value":"","ttl":"soon"})") == "ttl is no duration (30s, 1h30m): soon");
  BOOST_TEST(wrong(R"({"key":"a","value":"","ttl":"1s","expires":"2026-11-22T06:12:46.516Z"})") ==
             "expires and ttl: one of them says when the key goes");
}

BOOST_AUTO_TEST_CASE(a_batch_is_one_transaction) {
  ImportBatch batch(100);
  batch.add(record("a", "1"));
  ImportRecord odd{"\xfe", "2", "x/y", std::chrono::milliseconds(1500)};
  batch.add(odd);
  BOOST_TEST(batch.size() == 2U);
  BOOST_TEST(batch.take_body() ==
             R"({"then":[{"op":"set","key":"a","value":"1"},)"
             R"({"op":"set","key_base64":"/g==","value":"2","ttl":"1s500ms","content_type":"x/y"}]})");
  BOOST_TEST(batch.size() == 0U);
  BOOST_TEST(batch.take_body() == R"({"then":[]})");
}

BOOST_AUTO_TEST_CASE(a_batch_takes_a_key_once_and_not_more_than_fits) {
  ImportBatch batch(10);
  batch.add(record("a", "1234"));
  BOOST_TEST(!batch.takes(record("a", "")));
  BOOST_TEST(batch.takes(record("b", "1234")));
  BOOST_TEST(!batch.takes(record("b", "12345")));
  ImportRecord typed = record("b", "12");
  typed.content_type = "x/y";
  BOOST_TEST(!batch.takes(typed));
}

BOOST_AUTO_TEST_CASE(lines_are_put_together_from_pieces) {
  std::vector<std::string> got;
  Lines lines([&](std::string_view line) { got.emplace_back(line); });
  for (const char* piece : {"on", "e\ntw", "o\n\nthr", "ee"}) lines.add(piece);
  BOOST_TEST(lines.count() == 3U);
  BOOST_TEST(lines.begun() == 5U);
  lines.finish();
  BOOST_TEST(lines.count() == 4U);
  lines.finish();
  BOOST_TEST(got == (std::vector<std::string>{"one", "two", "three"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
