#include "kvs/store/state_scan.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "changes.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

State with_keys(const std::vector<std::string>& keys) {
  Changes changes;
  for (const auto& key : keys) changes.push_back(set(changes.size() + 1, key, ""));
  return with(State{}, changes);
}

const State animals = with_keys({"a", "ant", "antelope", "ape", "b", "bat", "bear", "cat", "\xff", "\xff\xff"});

std::string scan(const State& state, const Filter& filter) {
  StateScan scan(state, filter);
  std::string all;
  while (const Record* record = scan.next()) all += std::string(record->key()) + ' ';
  return all;
}
std::string keys(std::vector<std::string> keys) { return scan(animals, {std::move(keys), {}}); }
std::string prefixes(std::vector<std::string> prefixes) { return scan(animals, {{}, std::move(prefixes)}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(state_scan)

BOOST_AUTO_TEST_CASE(no_filter_gives_every_key_in_order) {
  BOOST_TEST(scan(animals, {}) == "a ant antelope ape b bat bear cat \xff \xff\xff ");
}

BOOST_AUTO_TEST_CASE(an_empty_state_gives_nothing) {
  BOOST_TEST(scan(State{}, {}) == "");
  BOOST_TEST(scan(State{}, {{"a"}, {"b"}}) == "");
}

BOOST_AUTO_TEST_CASE(a_key_gives_itself_alone) { BOOST_TEST(keys({"ant"}) == "ant "); }

BOOST_AUTO_TEST_CASE(keys_that_are_not_there_give_nothing) {
  BOOST_TEST(keys({"an"}) == "");
  BOOST_TEST(keys({"zebra"}) == "");
}

BOOST_AUTO_TEST_CASE(several_keys_come_in_key_order_whatever_order_they_were_given_in) {
  BOOST_TEST(keys({"cat", "ant", "zebra", "b"}) == "ant b cat ");
}

BOOST_AUTO_TEST_CASE(a_key_given_twice_comes_once) { BOOST_TEST(keys({"ant", "ant"}) == "ant "); }

BOOST_AUTO_TEST_CASE(a_prefix_gives_every_key_that_begins_with_it) {
  BOOST_TEST(prefixes({"an"}) == "ant antelope ");
  BOOST_TEST(prefixes({"ant"}) == "ant antelope ");
  BOOST_TEST(prefixes({"x"}) == "");
}

BOOST_AUTO_TEST_CASE(the_last_prefix_of_all_ends_with_the_state) { BOOST_TEST(prefixes({"\xff"}) == "\xff \xff\xff "); }

BOOST_AUTO_TEST_CASE(the_empty_prefix_gives_every_key) {
  BOOST_TEST(prefixes({""}) == scan(animals, {}));
  BOOST_TEST(prefixes({"b", ""}) == scan(animals, {}));
}

BOOST_AUTO_TEST_CASE(a_prefix_inside_another_brings_nothing_twice) {
  BOOST_TEST(prefixes({"ant", "a"}) == "a ant antelope ape ");
  BOOST_TEST(prefixes({"a", "ant", "b"}) == "a ant antelope ape b bat bear ");
}

BOOST_AUTO_TEST_CASE(a_key_inside_a_prefix_comes_once) {
  BOOST_TEST(scan(animals, {{"ant"}, {"a"}}) == "a ant antelope ape ");
  BOOST_TEST(scan(animals, {{"a"}, {"a"}}) == "a ant antelope ape ");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_itself_a_prefix_of_another_filter_comes_before_its_keys) {
  BOOST_TEST(scan(animals, {{"b"}, {"be"}}) == "b bear ");
}

BOOST_AUTO_TEST_CASE(a_missing_key_inside_a_prefix_disturbs_nothing) {
  BOOST_TEST(scan(animals, {{"anx", "ax"}, {"a", "c"}}) == "a ant antelope ape cat ");
}

BOOST_AUTO_TEST_CASE(the_state_is_held_while_it_is_walked) {
  StateScan scan(with_keys({"x", "y"}), {});
  BOOST_TEST(scan.next()->key() == "x");
  BOOST_TEST(scan.next()->key() == "y");
  BOOST_TEST(scan.next() == nullptr);
  BOOST_TEST(scan.next() == nullptr);
}

BOOST_AUTO_TEST_CASE(random_filters_give_what_a_look_at_every_key_gives) {
  std::mt19937 random(7);
  auto word = [&] {
    std::string made(1 + random() % 3, ' ');
    for (char& c : made) c = static_cast<char>('a' + random() % 3);
    return made;
  };
  std::vector<std::string> names;
  for (int i = 0; i < 25; ++i) names.push_back(word());
  State state = with_keys(names);
  for (int round = 0; round < 500; ++round) {
    Filter filter;
    for (auto n = random() % 4; n > 0; --n) filter.keys.push_back(word());
    for (auto n = random() % 4; n > 0; --n) filter.prefixes.push_back(word());
    std::string expected;
    for (auto at = state.begin(); at.get(); at.next()) {
      if (filter.matches(at.get()->key())) expected += std::string(at.get()->key()) + ' ';
    }
    BOOST_TEST(scan(state, filter) == expected);
  }
}

BOOST_AUTO_TEST_SUITE_END()
