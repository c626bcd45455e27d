#include "kvs/tally.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(tally)

BOOST_AUTO_TEST_CASE(counts_up_and_down) {
  Tally one;
  one.add();
  one.add(5);
  one.take(2);
  BOOST_TEST(one.value() == 4u);
}

BOOST_AUTO_TEST_CASE(a_value_counts_for_the_first_bound_that_holds_it) {
  Sizes sizes(size_bounds);
  for (std::uint64_t value : {0, 1, 2, 4, 5, 16384, 16385}) sizes.record(value);
  BOOST_TEST(sizes.count(0) == 2u);
  BOOST_TEST(sizes.count(1) == 2u);
  BOOST_TEST(sizes.count(2) == 1u);
  BOOST_TEST(sizes.count(7) == 1u);
  BOOST_TEST(sizes.count(8) == 1u);
  BOOST_TEST(sizes.sum() == 0u + 1 + 2 + 4 + 5 + 16384 + 16385);
}

BOOST_AUTO_TEST_CASE(durations_reach_from_a_tenth_of_a_millisecond_to_ten_seconds) {
  using namespace std::chrono_literals;
  Durations durations(duration_bounds);
  durations.record(100us);
  durations.record(100001ns);
  durations.record(10s);
  durations.record(11s);
  durations.record(-1s);  // a clock that went back
  BOOST_TEST(durations.count(0) == 2u);
  BOOST_TEST(durations.count(1) == 1u);
  BOOST_TEST(durations.count(15) == 1u);
  BOOST_TEST(durations.count(16) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
