#include "kvs/cmd/trim_plan.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/cmd/settings_fixture.hpp"

namespace kvs {

using test::failure_of;

namespace {

const std::vector<TrimMember> three{{"a", Revision{900}}, {"b", Revision{500}}, {"c", Revision{700}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(trim_plan)

BOOST_AUTO_TEST_CASE(the_oldest_snapshot_of_all_is_the_bound_and_its_record_stays) {
  TrimPlan plan = plan_trim(three, {});
  BOOST_TEST(plan.offset == 499);  // the record of revision 500
  BOOST_TEST(plan.bound_by == "b");
}

BOOST_AUTO_TEST_CASE(an_instance_that_is_forgotten_is_no_bound) {
  TrimPlan plan = plan_trim(three, {"b"});
  BOOST_TEST(plan.offset == 699);
  BOOST_TEST(plan.bound_by == "c");
}

BOOST_AUTO_TEST_CASE(an_instance_without_a_snapshot_keeps_everything) {
  TrimPlan plan = plan_trim({{"a", Revision{900}}, {"new", no_revision}}, {});
  BOOST_TEST(plan.offset == 0);
  BOOST_TEST(plan.bound_by == "new");
}

BOOST_AUTO_TEST_CASE(with_nobody_left_nothing_goes) {
  BOOST_TEST(plan_trim(three, {"a", "b", "c"}).bound_by == "");
  BOOST_TEST(plan_trim({}, {}).offset == 0);
}

BOOST_AUTO_TEST_CASE(members_are_read_from_the_status) {
  auto members = members_in(
      R"({"bus":{"kind":"kafka","members":[{"name":"a","since":1,"snapshot":42,"heard":"x"},{"name":"b","since":2}]}})");
  BOOST_REQUIRE(members.size() == 2U);
  BOOST_TEST(members[0].name == "a");
  BOOST_TEST(number(members[0].snapshot) == 42U);
  BOOST_TEST(number(members[1].snapshot) == 0U);
}

BOOST_AUTO_TEST_CASE(another_bus_or_no_status_is_told) {
  BOOST_TEST(failure_of([] { members_in(R"({"bus":{"kind":"local","up":true}})"); }).find("not on a Kafka bus") !=
             std::string::npos);
  for (const char* bad : {"", "[]", "{}", R"({"bus":{"kind":"kafka"}})", R"({"bus":{"kind":"kafka","members":[{}]}})"})
    BOOST_TEST(failure_of([&] { members_in(bad); }).find("does not say which instances") != std::string::npos, bad);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
