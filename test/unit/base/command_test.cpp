#include "kvs/command.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

namespace {

constexpr std::size_t large = 100'000;

Command a_set() {
  Command command;
  command.record = Record::make("k", "v");
  return command;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command)

// A bound that does not count something is none: these are what a client can make large.
BOOST_AUTO_TEST_CASE(a_command_that_waits_counts_with_everything_it_carries) {
  const std::size_t bare = a_set().footprint();
  Command value = a_set();
  value.record = Record::make("k", std::string(large, 'v'));
  Command expected_value = a_set();
  expected_value.conditions.push_back({Condition::Kind::value_is, {}, std::string(large, 'v')});
  Command revisions = a_set();
  revisions.conditions.push_back({Condition::Kind::revision_in, std::vector<Revision>(large / sizeof(Revision)), {}});
  Command request_key = a_set();
  request_key.request_key = std::string(large, 'k');
  Command request_id = a_set();
  request_id.request_id = std::string(large, 'i');
  for (const Command* one : {&value, &expected_value, &revisions, &request_key, &request_id}) {
    BOOST_TEST(one->footprint() >= bare + large - 1);
    BOOST_TEST(one->footprint() < bare + large + 1000);
  }
}

BOOST_AUTO_TEST_CASE(a_transaction_counts_with_its_checks_and_steps) {
  auto of = [](auto fill) {
    Command command;
    command.transaction = std::make_unique<Transaction>();
    fill(*command.transaction);
    return command.footprint();
  };
  const std::size_t bare = of([](Transaction&) {});
  auto step = [] {
    Transaction::Step one;
    one.record = Record::make("k", std::string(large, 'v'));
    return one;
  };
  BOOST_TEST(of([&](Transaction& one) { one.then.push_back(step()); }) >= bare + large);
  BOOST_TEST(of([&](Transaction& one) { one.otherwise.push_back(step()); }) >= bare + large);
  BOOST_TEST(of([](Transaction& one) {
               one.checks.push_back({"k", {Condition::Kind::value_is, {}, std::string(large, 'v')}});
             }) >= bare + large);
  BOOST_TEST(of([](Transaction& one) {
               one.checks.push_back(
                   {"k", {Condition::Kind::revision_in, std::vector<Revision>(large / sizeof(Revision)), {}}});
             }) >= bare + large);
}

BOOST_AUTO_TEST_SUITE_END()
