// How many connections one address may have.
#include "kvs/net/address_limit.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(address_limit)

BOOST_AUTO_TEST_CASE(an_address_has_its_share_and_others_have_theirs) {
  AddressLimit limit;
  Origin one = parse_origin("192.0.2.1:1000"), other = parse_origin("192.0.2.2:1000");
  auto first = limit.take(one, 2), second = limit.take(parse_origin("192.0.2.1:1001"), 2);
  BOOST_TEST(first.has_value());
  BOOST_TEST(second.has_value());
  BOOST_TEST(!limit.take(one, 2).has_value());
  BOOST_TEST(limit.take(other, 2).has_value());
}

BOOST_AUTO_TEST_CASE(a_place_is_given_back_once_whoever_holds_it_last) {
  AddressLimit limit;
  Origin one = parse_origin("192.0.2.1:1000");
  {
    auto place = limit.take(one, 1);
    AddressLimit::Place moved = std::move(*place);
    place.reset();
    BOOST_TEST(!limit.take(one, 1).has_value());
  }
  auto again = limit.take(one, 1);
  BOOST_TEST(again.has_value());
  BOOST_TEST(!limit.take(one, 1).has_value());
}

BOOST_AUTO_TEST_CASE(an_ipv6_address_counts_as_its_network) {
  AddressLimit limit;
  auto place = limit.take(parse_origin("[2001:db8::1]:1000"), 1);
  BOOST_TEST(!limit.take(parse_origin("[2001:db8::ffff:1]:1000"), 1).has_value());
  BOOST_TEST(limit.take(parse_origin("[2001:db8:0:1::1]:1000"), 1).has_value());
}

BOOST_AUTO_TEST_CASE(who_is_on_this_machine_is_not_counted) {
  AddressLimit limit;
  for (const char* near : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix"}) {
    std::vector<AddressLimit::Place> places;
    for (int i = 0; i < 3; ++i) {
      auto place = limit.take(parse_origin(near), 1);
      BOOST_REQUIRE(place.has_value());
      places.push_back(std::move(*place));
    }
  }
}

BOOST_AUTO_TEST_CASE(none_is_no_limit) {
  AddressLimit limit;
  Origin one = parse_origin("192.0.2.1:1000");
  auto first = limit.take(one, 0), second = limit.take(one, 0);
  BOOST_TEST((first.has_value() && second.has_value()));
}

BOOST_AUTO_TEST_SUITE_END()
