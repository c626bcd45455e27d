// How long a watch waits before it connects again.
#include "kvs/cmd/backoff.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <vector>

using namespace kvs;
using namespace std::chrono_literals;

namespace {

constexpr int many = 200;  // so many draws miss neither half of a range by chance

// What a client waits that fails `failures` times, for the last of them; from `many` clients.
std::vector<std::chrono::milliseconds> waits(int failures) {
  std::vector<std::chrono::milliseconds> all;
  for (int client = 0; client < many; ++client) {
    WatchBackoff backoff;
    for (int i = 1; i < failures; ++i) backoff.next();
    all.push_back(backoff.next());
  }
  return all;
}

std::size_t different(const std::vector<std::chrono::milliseconds>& all) {
  return std::set<std::chrono::milliseconds>(all.begin(), all.end()).size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(the_first_wait_is_a_quarter_to_half_a_second) {
  for (auto wait : waits(1)) BOOST_TEST((wait >= 250ms && wait <= 500ms));
}

BOOST_AUTO_TEST_CASE(later_ones_grow_to_ten_seconds_at_most_and_are_never_shorter_than_the_shortest) {
  auto late = waits(20);
  for (auto wait : late) BOOST_TEST((wait >= 250ms && wait <= 10s));
  BOOST_TEST((*std::ranges::max_element(late) > 5s));
  auto second = waits(2);
  for (auto wait : second) BOOST_TEST((wait >= 250ms && wait <= 1s));
  BOOST_TEST((*std::ranges::max_element(second) > 500ms));
}

BOOST_AUTO_TEST_CASE(clients_do_not_come_back_in_step) {
  BOOST_TEST(different(waits(1)) > 10);
  BOOST_TEST(different(waits(20)) > 10);
}

BOOST_AUTO_TEST_CASE(one_that_came_through_begins_anew) {
  for (int client = 0; client < many; ++client) {
    WatchBackoff backoff;
    for (int i = 0; i < 20; ++i) backoff.next();
    backoff.reset();
    BOOST_TEST((backoff.next() <= 500ms));
  }
}

BOOST_AUTO_TEST_SUITE_END()
