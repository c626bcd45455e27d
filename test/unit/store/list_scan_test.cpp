#include "kvs/store/list_scan.hpp"

#include <boost/test/unit_test.hpp>

#include "changes.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

State keys(std::initializer_list<std::string_view> names) {
  StateEditor editor{State{}};
  std::uint64_t revision = 0;
  for (std::string_view name : names) apply(editor, {set(++revision, name, "v")});
  return editor.commit(Revision{revision}, {});
}

// "a b/* c", what was folded with a star.
std::string all(const State& state, ListRange range) {
  ListScan scan(state, std::move(range));
  std::string text;
  while (auto entry = scan.next()) {
    text += (text.empty() ? "" : " ") + std::string(entry.name()) + (entry.record ? "" : "*");
  }
  return text;
}

// A range made by `narrow`, forwards and backwards.
template <class F>
std::string both(const State& state, F narrow) {
  ListRange range;
  narrow(range);
  std::string forward = all(state, range);
  range.reverse = true;
  return forward + " | " + all(state, std::move(range));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(list_scan)

BOOST_AUTO_TEST_CASE(everything_in_both_directions) {
  BOOST_TEST(both(keys({"b", "a", "c"}), [](ListRange&) {}) == "a b c | c b a");
  BOOST_TEST(both({}, [](ListRange&) {}) == " | ");
}

BOOST_AUTO_TEST_CASE(a_prefix_holds_the_keys_that_begin_with_it_and_itself) {
  State state = keys({"a", "ab", "ab/1", "ab\xFF", "ac"});
  BOOST_TEST(both(state, [](ListRange& r) { r.within("ab"); }) == "ab ab/1 ab\xFF | ab\xFF ab/1 ab");
  BOOST_TEST(both(state, [](ListRange& r) { r.within("b"); }) == " | ");
}

BOOST_AUTO_TEST_CASE(a_prefix_of_0xff_has_no_end) {
  State state = keys({"a", "\xFF", "\xFF\xFF", "\xFF\xFFz"});
  BOOST_TEST(both(state, [](ListRange& r) { r.within("\xFF\xFF"); }) == "\xFF\xFF \xFF\xFFz | \xFF\xFFz \xFF\xFF");
}

BOOST_AUTO_TEST_CASE(the_start_is_in_it_the_end_and_after_are_not) {
  State state = keys({"a", "b", "c", "d"});
  BOOST_TEST(both(state, [](ListRange& r) { r.at_or_after("b"); }) == "b c d | d c b");
  BOOST_TEST(both(state, [](ListRange& r) { r.after("b"); }) == "c d | d c");
  BOOST_TEST(both(state, [](ListRange& r) { r.before("c"); }) == "a b | b a");
}

BOOST_AUTO_TEST_CASE(all_bounds_hold_together) {
  State state = keys({"a", "p1", "p2", "p3", "p4", "q"});
  auto narrow = [](ListRange& r) {
    r.within("p");
    r.at_or_after("a");
    r.after("p1");
    r.before("p4");
    r.before("z");
  };
  BOOST_TEST(both(state, narrow) == "p2 p3 | p3 p2");
}

BOOST_AUTO_TEST_CASE(bounds_that_leave_nothing) {
  State state = keys({"a", "b", "c"});
  auto narrow = [](ListRange& r) {
    r.at_or_after("c");
    r.before("b");
  };
  BOOST_TEST(both(state, narrow) == " | ");
}

BOOST_AUTO_TEST_CASE(what_is_behind_the_separator_is_folded_once) {
  State state = keys({"a", "b/", "b/1", "b/2/x", "b0", "c/x"});
  BOOST_TEST(both(state, [](ListRange& r) { r.separator = "/"; }) == "a b/* b0 c/* | c/* b0 b/* a");
}

BOOST_AUTO_TEST_CASE(the_separator_is_looked_for_behind_the_prefix) {
  State state = keys({"a/b", "a/b/1", "a/b/2", "a/c/1", "a/d"});
  auto narrow = [](ListRange& r) {
    r.within("a/");
    r.separator = "/";
  };
  BOOST_TEST(both(state, narrow) == "a/b a/b/* a/c/* a/d | a/d a/c/* a/b/* a/b");
}

BOOST_AUTO_TEST_CASE(a_separator_of_several_bytes_or_of_0xff) {
  State state = keys({"a::1", "a::2", "a:3", "b\xFF", "b\xFFx", "\xFF", "\xFFy"});
  BOOST_TEST(both(state, [](ListRange& r) { r.separator = "::"; }) ==
             "a:3 a::* b\xFF b\xFFx \xFF \xFFy | \xFFy \xFF b\xFFx b\xFF a::* a:3");
  BOOST_TEST(both(state, [](ListRange& r) { r.separator = "\xFF"; }) ==
             "a:3 a::1 a::2 b\xFF* \xFF* | \xFF* b\xFF* a::2 a::1 a:3");
}

BOOST_AUTO_TEST_CASE(a_folded_prefix_shows_if_any_of_its_keys_is_in_the_range) {
  State state = keys({"a/1", "a/2", "b"});
  auto narrow = [](ListRange& r) {
    r.after("a/1");
    r.separator = "/";
  };
  BOOST_TEST(both(state, narrow) == "a/* b | b a/*");
  BOOST_TEST(both(state, [&](ListRange& r) {
               narrow(r);
               r.after("a/2");
             }) == "b | b");
}

BOOST_AUTO_TEST_SUITE_END()
