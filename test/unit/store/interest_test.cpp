#include "kvs/store/interest.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

// Three watches by name; the index is filled by the test.
struct Fixture : StoreFixture {
  Interest interest;
  Watch a{view, {}, no_revision}, b{view, {}, no_revision}, c{view, {}, no_revision};

  // The names of those that are called for a key, in order; twice if called twice.
  std::string called(std::string_view key) {
    std::string names;
    interest.each(key, [&](Watch& watch) { names += &watch == &a ? 'a' : &watch == &b ? 'b' : 'c'; });
    std::sort(names.begin(), names.end());
    return names;
  }
};

Filter keys(std::vector<std::string> keys) { return {std::move(keys), {}}; }
Filter prefixes(std::vector<std::string> prefixes) { return {{}, std::move(prefixes)}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(filter)

BOOST_AUTO_TEST_CASE(a_filter_of_nothing_matches_everything) {
  BOOST_TEST(Filter{}.everything());
  BOOST_TEST(Filter{}.matches("x"));
}

BOOST_AUTO_TEST_CASE(a_key_matches_itself_alone) {
  BOOST_TEST(keys({"ant"}).matches("ant"));
  BOOST_TEST(!keys({"ant"}).matches("ants"));
  BOOST_TEST(!keys({"ant"}).matches("an"));
  BOOST_TEST(!keys({"ant"}).everything());
}

BOOST_AUTO_TEST_CASE(a_prefix_matches_what_begins_with_it) {
  BOOST_TEST(prefixes({"ant"}).matches("ant"));
  BOOST_TEST(prefixes({"ant"}).matches("ants"));
  BOOST_TEST(!prefixes({"ant"}).matches("an"));
  BOOST_TEST(!prefixes({"ant"}).everything());
}

BOOST_AUTO_TEST_CASE(a_filter_matches_the_union_of_its_keys_and_prefixes) {
  Filter filter{{"city"}, {"a/", "b/"}};
  BOOST_TEST(filter.matches("city"));
  BOOST_TEST(filter.matches("b/x"));
  BOOST_TEST(!filter.matches("c/x"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(interest)

BOOST_AUTO_TEST_CASE(nobody_is_called_by_an_empty_index) {
  Fixture f;
  BOOST_TEST(f.interest.empty());
  BOOST_TEST(f.called("x") == "");
}

BOOST_AUTO_TEST_CASE(a_key_calls_those_who_watch_it) {
  Fixture f;
  f.interest.add(f.a, keys({"x", "y"}));
  f.interest.add(f.b, keys({"y"}));
  BOOST_TEST(f.called("x") == "a");
  BOOST_TEST(f.called("y") == "ab");
  BOOST_TEST(f.called("z") == "");
}

BOOST_AUTO_TEST_CASE(a_key_calls_those_who_watch_any_prefix_of_it) {
  Fixture f;
  f.interest.add(f.a, prefixes({"s"}));
  f.interest.add(f.b, prefixes({"service/"}));
  f.interest.add(f.c, prefixes({"service/web"}));
  BOOST_TEST(f.called("s") == "a");
  BOOST_TEST(f.called("service/db") == "ab");
  BOOST_TEST(f.called("service/web") == "abc");
  BOOST_TEST(f.called("t") == "");
}

BOOST_AUTO_TEST_CASE(a_key_is_no_prefix_and_a_prefix_no_key) {
  Fixture f;
  f.interest.add(f.a, keys({"ant"}));
  f.interest.add(f.b, prefixes({"antelope"}));
  BOOST_TEST(f.called("antelope") == "b");
  BOOST_TEST(f.called("ant") == "a");
}

BOOST_AUTO_TEST_CASE(who_has_left_is_called_no_more) {
  Fixture f;
  Filter both{{"x"}, {"p"}};
  f.interest.add(f.a, both);
  f.interest.add(f.b, both);
  f.interest.remove(f.a, both);
  BOOST_TEST(f.called("x") == "b");
  BOOST_TEST(f.called("pq") == "b");
}

BOOST_AUTO_TEST_CASE(the_index_is_empty_when_all_have_left) {
  Fixture f;
  f.interest.add(f.a, {{"x"}, {"p", "pq"}});
  f.interest.add(f.b, prefixes({"q"}));
  f.interest.remove(f.a, {{"x"}, {"p", "pq"}});
  f.interest.remove(f.b, prefixes({"q"}));
  BOOST_TEST(f.interest.empty());
  BOOST_TEST(f.called("pq") == "");
}

BOOST_AUTO_TEST_CASE(a_name_given_twice_leaves_with_its_watch) {
  Fixture f;
  Filter doubled{{"x", "x"}, {"p", "p"}};
  f.interest.add(f.a, doubled);
  f.interest.add(f.b, keys({"x"}));
  f.interest.remove(f.a, doubled);
  BOOST_TEST(f.called("x") == "b");
  BOOST_TEST(f.called("p") == "");
}

BOOST_AUTO_TEST_CASE(prefixes_of_one_length_leave_without_each_other) {
  Fixture f;
  f.interest.add(f.a, prefixes({"aa"}));
  f.interest.add(f.b, prefixes({"bb"}));
  f.interest.remove(f.a, prefixes({"aa"}));
  BOOST_TEST(f.called("bbb") == "b");
}

BOOST_AUTO_TEST_SUITE_END()
