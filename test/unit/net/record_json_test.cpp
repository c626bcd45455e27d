#include "kvs/net/record_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace kvs;

namespace {

RecordRef record(std::string_view key, std::string_view value, std::uint64_t revision, std::uint64_t created,
                 std::uint32_t version, std::string_view type = {}) {
  auto made = Record::make(key, value, type);
  made->stamp(Revision{revision}, Revision{created}, version, LogTime(std::chrono::milliseconds(1795327936016)));
  return made;
}

template <class F>
std::string text(F append) {
  std::string out;
  append(out);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(record_json)

BOOST_AUTO_TEST_CASE(a_record_shows_its_members_in_order) {
  auto r = record("City", "say \"hi\"\n", 42, 7, 3, "text/plain");
  BOOST_TEST(text([&](auto& out) { append_record(out, *r); }) ==
             R"({"key":"City","value":"say \"hi\"\n","revision":42,"created_revision":7,"version":3,)"
             R"("modified":"2026-11-22T06:12:16.016Z","content_type":"text/plain"})");
}

BOOST_AUTO_TEST_CASE(a_record_that_will_go_says_when) {
  auto r = Record::make_expiring("k", 1, "text/plain");
  r->value_buffer()[0] = 'v';
  LogTime now(std::chrono::milliseconds(1795327936016));
  r->stamp(Revision{5}, Revision{5}, 1, now, now + std::chrono::seconds(30));
  BOOST_TEST(
      text([&](auto& out) { append_record(out, *r); }) ==
      R"({"key":"k","value":"v","revision":5,"created_revision":5,"version":1,)"
      R"("modified":"2026-11-22T06:12:16.016Z","expires":"2026-11-22T06:12:46.016Z","content_type":"text/plain"})");
  BOOST_TEST(text([&](auto& out) { append_event(out, {Op::set, r, {}}); }) ==
             R"({"op":"set","key":"k","value":"v","revision":5,"created_revision":5,"version":1,)"
             R"("modified":"2026-11-22T06:12:16.016Z","expires":"2026-11-22T06:12:46.016Z",)"
             R"("content_type":"text/plain","created":true})");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_go_out_as_base64) {
  auto r = record("k\xFF", std::string_view("\0\xFF\x01", 3), 2, 2, 1);
  BOOST_TEST(text([&](auto& out) { append_record(out, *r); }) ==
             R"({"key_base64":"a/8=","value_base64":"AP8B","revision":2,"created_revision":2,"version":1,)"
             R"("modified":"2026-11-22T06:12:16.016Z"})");
}

BOOST_AUTO_TEST_CASE(keys_only_shows_the_size_instead_of_the_value) {
  auto r = record("k", "12345", 2, 1, 2);
  BOOST_TEST(
      text([&](auto& out) { append_record(out, *r, ValueForm::size); }) ==
      R"({"key":"k","size":5,"revision":2,"created_revision":1,"version":2,"modified":"2026-11-22T06:12:16.016Z"})");
}

BOOST_AUTO_TEST_CASE(a_set_event_says_whether_the_key_is_new) {
  Change created{Op::set, record("k", "v", 5, 5, 1), {}};
  BOOST_TEST(text([&](auto& out) { append_event(out, created); }) ==
             R"({"op":"set","key":"k","value":"v","revision":5,"created_revision":5,"version":1,)"
             R"("modified":"2026-11-22T06:12:16.016Z","created":true})");
  Change replaced{Op::set, record("k", "v", 6, 5, 2), {}};
  BOOST_TEST(text([&](auto& out) { append_event(out, replaced, ValueForm::size, {.more = true}); }) ==
             R"({"op":"set","key":"k","size":1,"revision":6,"created_revision":5,"version":2,)"
             R"("modified":"2026-11-22T06:12:16.016Z","more":true})");
}

BOOST_AUTO_TEST_CASE(a_delete_event_has_no_value) {
  Change change{Op::remove, record("k", "", 9, 5, 2), {}};
  BOOST_TEST(text([&](auto& out) { append_event(out, change); }) ==
             R"({"op":"delete","key":"k","revision":9,"time":"2026-11-22T06:12:16.016Z"})");
}

BOOST_AUTO_TEST_CASE(an_expire_event_is_a_delete_by_another_name) {
  Change change{Op::expire, record("k", "", 9, 5, 2), {}};
  BOOST_TEST(text([&](auto& out) { append_event(out, change, ValueForm::value, {.more = true}); }) ==
             R"({"op":"expire","key":"k","revision":9,"time":"2026-11-22T06:12:16.016Z","more":true})");
}

BOOST_AUTO_TEST_CASE(an_initial_event_is_marked) {
  auto r = record("k", "v", 5, 5, 1);
  BOOST_TEST(text([&](auto& out) { append_initial_event(out, *r); }) ==
             R"({"op":"set","key":"k","value":"v","revision":5,"created_revision":5,"version":1,)"
             R"("modified":"2026-11-22T06:12:16.016Z","initial":true})");
}

BOOST_AUTO_TEST_CASE(control_events) {
  BOOST_TEST(text([](auto& out) { append_synced(out, Revision{3}); }) == R"({"op":"synced","revision":3})");
  BOOST_TEST(text([](auto& out) { append_progress(out, Revision{4}); }) == R"({"op":"progress","revision":4})");
  BOOST_TEST(text([](auto& out) { append_reset(out, Revision{9}, Revision{5}); }) ==
             R"({"op":"reset","revision":9,"oldest_revision":5})");
}

BOOST_AUTO_TEST_CASE(legacy_messages_are_those_of_the_original) {
  Change set{Op::set, record("City", "Ahmed\"abad\xFF", 8, 8, 1), parse_origin("127.0.0.1:51234")};
  BOOST_TEST(text([&](auto& out) { append_legacy_event(out, set, "kvs"); }) ==
             "{\"Topic\":\"kvs\",\"Partition\":0,\"Offset\":7,\"Key\":\"Client address=127.0.0.1:51234\","
             "\"Value\":\"City: Ahmed\\\"abad\xEF\xBF\xBD\"}\n");
  for (Op op : {Op::remove, Op::expire}) {
    Change gone{op, record("City", "", 9, 8, 1), {}};
    BOOST_TEST(text([&](auto& out) { append_legacy_event(out, gone, "kvs"); }) ==
               "{\"Topic\":\"kvs\",\"Partition\":0,\"Offset\":8,\"Key\":\"Client address=\",\"Value\":\"City: "
               "\",\"Deleted\":true}\n");
  }
  BOOST_TEST(text([](auto& out) { append_legacy_pair(out, "City", "Ahmedabad"); }) ==
             "{\"Key\":\"City\",\"Value\":\"Ahmedabad\"}\n");
}

BOOST_AUTO_TEST_CASE(whatever_the_bytes_the_result_is_json) {
  for (int c = 0; c < 256; ++c) {
    for (std::string value :
         {std::string(1, static_cast<char>(c)), "longer than a word" + std::string(3, static_cast<char>(c))}) {
      auto r = record(value, value, 1, 1, 1, "x");
      std::string out;
      append_record(out, *r);
      auto parsed = boost::json::parse(out).as_object();
      bool ascii = c < 0x80;
      BOOST_TEST(parsed.contains("value") == ascii);
      if (ascii) BOOST_TEST(std::string(parsed.at("value").as_string()) == value);
      out.clear();
      append_legacy_event(out, Change{Op::set, r, {}}, "t");
      boost::json::parse(out);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
