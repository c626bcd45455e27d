#include "kvs/bus/kafka_landing.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

namespace {

using Kind = KafkaLanding::Kind;

constexpr std::optional<std::int64_t> nothing_read;

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_landing)

BOOST_AUTO_TEST_CASE(who_has_read_nothing_begins_at_the_beginning_and_compares_nothing) {
  KafkaLanding landing = land(0, nothing_read, {0, 100});
  BOOST_TEST((landing.kind == Kind::here));
  BOOST_TEST(landing.from == 0);
  BOOST_TEST(!landing.compare);
}

BOOST_AUTO_TEST_CASE(who_goes_on_begins_with_the_record_read_last_to_compare_it) {
  KafkaLanding landing = land(8, 7, {0, 100});
  BOOST_TEST((landing.kind == Kind::here));
  BOOST_TEST(landing.from == 7);
  BOOST_TEST(landing.compare);
}

BOOST_AUTO_TEST_CASE(a_gap_behind_the_record_read_last_does_not_matter) {
  KafkaLanding landing = land(12, 7, {0, 12});
  BOOST_TEST(landing.from == 7);
  BOOST_TEST(landing.compare);
}

BOOST_AUTO_TEST_CASE(a_log_trimmed_up_to_the_place_can_be_read_but_not_compared) {
  KafkaLanding landing = land(8, 7, {8, 100});
  BOOST_TEST((landing.kind == Kind::here));
  BOOST_TEST(landing.from == 8);
  BOOST_TEST(!landing.compare);
}

BOOST_AUTO_TEST_CASE(a_log_trimmed_beyond_the_place_cannot_be_read) {
  BOOST_TEST((land(8, 7, {9, 100}).kind == Kind::trimmed));
  BOOST_TEST((land(0, nothing_read, {1, 100}).kind == Kind::trimmed));
}

BOOST_AUTO_TEST_CASE(a_log_that_ends_before_the_place_has_lost_something) {
  BOOST_TEST((land(8, 7, {0, 7}).kind == Kind::cut));
  BOOST_TEST((land(8, 7, {0, 8}).kind == Kind::here));
}

BOOST_AUTO_TEST_SUITE_END()
