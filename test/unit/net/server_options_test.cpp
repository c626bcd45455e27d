// What a server does that nobody has told otherwise: the limits that the README promises.
#include "kvs/net/server_options.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(server_options)

BOOST_AUTO_TEST_CASE(the_times_after_which_a_connection_ends) {
  Patience patience = ServerOptions{}.patience;
  BOOST_TEST((patience.idle == 75s));
  BOOST_TEST((patience.head == 10s));
  BOOST_TEST((patience.body == 30s));
  BOOST_TEST((patience.byte == 2ms));
  BOOST_TEST((patience.request == 10s));
  BOOST_TEST((patience.send == 60s));
  BOOST_TEST((patience.linger == 1s));
  BOOST_TEST((patience.ping == 20s));
  BOOST_TEST((patience.dead == 40s));
  BOOST_TEST((patience.closing == 2s));
}

BOOST_AUTO_TEST_CASE(the_limits_of_what_is_under_way) {
  ServerOptions options;
  BOOST_TEST(options.max_value_size == 1024U * 1024);
  BOOST_TEST(options.max_connections == 10'000U);
  BOOST_TEST(options.max_connections_per_address == 512U);
  BOOST_TEST(options.max_in_flight == 1024U);
  BOOST_TEST(options.slow_memory == 128U * 1024 * 1024);
  BOOST_TEST(max_pipelined == 64U);
  BOOST_TEST(max_results_bytes == 8U * 1024 * 1024);
  BOOST_TEST(max_snapshots_sent == 16U);
  BOOST_TEST(max_history_searches == 8U);
  BOOST_TEST(max_watch_filters == 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
