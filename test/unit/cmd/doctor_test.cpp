#include "kvs/cmd/doctor.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/cmd/progress.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;
using std::chrono::milliseconds;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// A probe sent at 1,000,000 ms and back `round_trip` later; the broker's clock is `off` at its middle.
KafkaProbe probe(milliseconds round_trip, milliseconds off) {
  KafkaProbe made;
  made.sent = std::chrono::system_clock::time_point(milliseconds(1'000'000));
  made.received = made.sent + round_trip;
  made.broker_time = LogTime(milliseconds(1'000'000) + round_trip / 2 + off);
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(doctor_)

BOOST_AUTO_TEST_CASE(space_for_the_history_and_another_snapshot_is_enough) {
  BOOST_TEST((judge_space(1000 * mebibyte, 100 * mebibyte, 256 * mebibyte, "/d").level == Level::ok));
  Finding little = judge_space(600 * mebibyte, 100 * mebibyte, 256 * mebibyte, "/d");
  BOOST_TEST((little.level == Level::warn));
  BOOST_TEST(has(little.repair, "/d"));
  BOOST_TEST((judge_space(200 * mebibyte, 0, 256 * mebibyte, "/d").level == Level::fail));
}

BOOST_AUTO_TEST_CASE(every_connection_needs_a_file) {
  BOOST_TEST((judge_files(10064, 20000, 10000).level == Level::ok));
  Finding few = judge_files(1024, 20000, 10000);
  BOOST_TEST((few.level == Level::warn));
  BOOST_TEST(has(few.repair, "ulimit -n 10064"));
  BOOST_TEST(!has(judge_files(1024, 4096, 10000).repair, "ulimit"));
  BOOST_TEST(has(judge_files(1024, 4096, 10000).repair, "LimitNOFILE=10064"));
}

BOOST_AUTO_TEST_CASE(clocks_that_a_round_trip_cannot_tell_apart_agree) {
  BOOST_TEST((judge_clock(probe(milliseconds{100}, milliseconds{0})).level == Level::ok));
  BOOST_TEST((judge_clock(probe(milliseconds{100}, milliseconds{49})).level == Level::ok));
  BOOST_TEST(has(judge_clock(probe(milliseconds{100}, milliseconds{49})).words, "agree"));
}

BOOST_AUTO_TEST_CASE(the_difference_of_clocks_is_what_is_certain) {
  Finding ahead = judge_clock(probe(milliseconds{100}, milliseconds{5050}));
  BOOST_TEST((ahead.level == Level::warn));
  BOOST_TEST(has(ahead.words, "at least 4.999 s ahead of"));
  Finding behind = judge_clock(probe(milliseconds{100}, milliseconds{-5050}));
  BOOST_TEST(has(behind.words, "at least 5.000 s behind"));
  BOOST_TEST(has(behind.repair, "NTP"));
  BOOST_TEST((judge_clock(probe(milliseconds{0}, milliseconds{500})).level == Level::ok));
}

BOOST_AUTO_TEST_CASE(progress_tells_rate_and_time_left) {
  using Unit = Progress::Unit;
  BOOST_TEST(progress_text(Unit::bytes, 12 * mebibyte, 0, milliseconds{0}) == "12 MiB");
  BOOST_TEST(progress_text(Unit::bytes, 512, 2048, milliseconds{1000}) == "512 B of 2.0 KiB, 512 B/s, 3s left");
  BOOST_TEST(progress_text(Unit::keys, 500, 1500, milliseconds{500}) == "500 keys of 1500 keys, 1000 keys/s, 1s left");
  BOOST_TEST(progress_text(Unit::bytes, 10 * mebibyte, 0, milliseconds{2000}) == "10 MiB, 5.0 MiB/s");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
