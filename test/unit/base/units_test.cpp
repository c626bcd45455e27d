#include "kvs/units.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/errc.hpp"
#include "kvs/position.hpp"
#include "kvs/suggest.hpp"

using namespace kvs;

namespace {

long long ms(std::string_view text) {
  auto parsed = parse_duration(text);
  return parsed ? parsed->count() : -1;
}

long long bytes(std::string_view text) {
  auto parsed = parse_size(text);
  return parsed ? static_cast<long long>(*parsed) : -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(durations_are_numbers_with_units) {
  BOOST_TEST(ms("500ms") == 500);
  BOOST_TEST(ms("0.5s") == 500);
  BOOST_TEST(ms("30s") == 30'000);
  BOOST_TEST(ms("1h30m") == 5'400'000);
  BOOST_TEST(ms("7d") == 604'800'000);
  BOOST_TEST(ms("1d2h3m4s5ms") == 93'784'005);
  BOOST_TEST(ms("0s") == 0);
  BOOST_TEST(ms("1.5h") == 5'400'000);
  BOOST_TEST(ms("1.001s") == 1001);
  BOOST_TEST(ms("36500d") == 3'153'600'000'000);
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_duration) {
  for (std::string_view text : {"",    "30",  "0",     "s",    "-1s", "+1s",    "1 s",
                                " 1s", "1s ", "1S",    "1us",  "1w",  "30m1h",  "1m1m",
                                ".5s", "5.s", "1..5s", "1e3s", "1s5", "36501d", "99999999999999999999d",
                                "nan", "infs"}) {
    BOOST_TEST(ms(text) == -1, text);
  }
  BOOST_TEST(parse_duration("30").error().detail ==
             "'30' is no duration: write a number with a unit, like 500ms, 0.5s, 30s, 1h30m or 7d");
}

BOOST_AUTO_TEST_CASE(durations_come_back_from_their_text) {
  for (long long count : {0LL, 1LL, 999LL, 1000LL, 1500LL, 60'000LL, 5'400'000LL, 86'400'000LL, 93'784'005LL}) {
    BOOST_TEST(ms(format_duration(std::chrono::milliseconds(count))) == count);
  }
  BOOST_TEST(format_duration(std::chrono::milliseconds(5'400'000)) == "1h30m");
}

BOOST_AUTO_TEST_CASE(sizes_are_bytes_or_have_binary_units) {
  BOOST_TEST(bytes("0") == 0);
  BOOST_TEST(bytes("1000") == 1000);
  BOOST_TEST(bytes("64KiB") == 65536);
  BOOST_TEST(bytes("2GiB") == 2LL << 30);
  for (std::string_view text :
       {"", "KiB", "1KB", "1K", "1kib", "1.5MiB", "-1", "1 KiB", "9999999999TiB", "99999999999999999999"}) {
    BOOST_TEST(bytes(text) == -1, text);
  }
  BOOST_TEST(format_size(65536) == "64KiB");
  BOOST_TEST(format_size(1000) == "1000");
  BOOST_TEST(format_size(0) == "0");
}

BOOST_AUTO_TEST_CASE(booleans_have_five_spellings) {
  for (std::string_view text : {"1", "true", ""}) BOOST_TEST(parse_boolean(text).value());
  for (std::string_view text : {"0", "false"}) BOOST_TEST(!parse_boolean(text).value());
  for (std::string_view text : {"yes", "TRUE", "2", "on"}) BOOST_TEST(parse_boolean(text).has_error());
}

BOOST_AUTO_TEST_CASE(numbers_are_digits_up_to_a_bound) {
  BOOST_TEST(parse_number("18446744073709551615").value() == UINT64_MAX);
  BOOST_TEST(parse_number("007").value() == 7U);
  for (std::string_view text : {"", "-1", "+1", "1.0", " 1", "18446744073709551616"})
    BOOST_TEST(parse_number(text).has_error());
  BOOST_TEST(parse_number("11", 10).error().detail == "'11' is too large: at most 10");
}

BOOST_AUTO_TEST_CASE(positions_may_name_their_log) {
  BOOST_TEST((parse_position("42").value() == Position{Revision{42}, std::nullopt}));
  BOOST_TEST((parse_position("42@00D1C7F29A4BE310").value() == Position{Revision{42}, LogId{0x00d1c7f29a4be310}}));
  BOOST_TEST(to_string(Position{Revision{42}, LogId{0xd1c7f29a4be310}}) == "42@00d1c7f29a4be310");
  for (std::string_view text :
       {"", "x", "-1", "42@", "42@1", "@00d1c7f29a4be310", "42@00d1c7f29a4be31g", "9007199254740992"}) {
    BOOST_TEST(parse_position(text).has_error(), text);
  }
}

BOOST_AUTO_TEST_CASE(suggestions_are_near) {
  const std::string_view names[] = {"get", "set", "delete", "watch", "status"};
  BOOST_TEST(edit_distance("kitten", "sitting") == 3U);
  BOOST_TEST(edit_distance("wacth", "watch") == 1U);
  BOOST_TEST(edit_distance("", "abc") == 3U);
  BOOST_TEST(closest("wacth", names) == "watch");
  BOOST_TEST(closest("statsu", names) == "status");
  BOOST_TEST(closest("deleet", names) == "delete");
  BOOST_TEST(closest("xyz", names) == "");
  BOOST_TEST(closest("", names) == "");
}

BOOST_AUTO_TEST_CASE(codes_come_back_from_their_names) {
  for (int i = 1; i <= static_cast<int>(errc::out_of_space); ++i) {
    auto code = static_cast<errc>(i);
    BOOST_TEST((parse_errc(to_string(code)) == code));
  }
  BOOST_TEST(to_string(errc::malformed) == "malformed");
  BOOST_TEST(to_string(errc::draining) == "draining");
  BOOST_TEST(to_string(errc::out_of_space) == "out_of_space");
  BOOST_TEST(!parse_errc("nonsense").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
