#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

// "a=2@2 a=1@1 ", newest first.
std::string of(StoreFixture& f, std::string key, std::size_t limit = 100) {
  KeyHistory history = run(f.io, f.store.history_of(f.view, std::move(key), limit));
  return history.failed ? "failed" : text(history.changes);
}

StoreOptions in_small_segments(const TemporaryDirectory& directory) {
  StoreOptions options = kept_in(directory);
  options.journal.segment_bytes = 256;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_history)

BOOST_AUTO_TEST_CASE(it_has_the_changes_of_that_key_newest_first) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), put("b", "1"), put("a", "3")));
  f.order(commands(drop("a"), put("ab", "1"), put("a", "6")));
  BOOST_TEST(of(f, "a") == "a=6@6 a-@4 a=3@3 a=1@1 ");
  BOOST_TEST(of(f, "never") == "");
}

BOOST_AUTO_TEST_CASE(it_ends_with_the_limit) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), put("a", "2"), put("a", "3")));
  BOOST_TEST(of(f, "a", 2) == "a=3@3 a=2@2 ");
}

BOOST_AUTO_TEST_CASE(it_ends_with_8_mebibytes_of_records) {
  StoreFixture f({}, 64 << 20);
  f.load();
  for (int i = 0; i < 12; ++i) f.apply(put("a", std::string(1 << 20, 'x')));
  KeyHistory history = run(f.io, f.store.history_of(f.view, "a", 100));
  BOOST_TEST(history.changes.size() == 8U);
  BOOST_TEST((history.changes.front().revision() == Revision{12}));
}

BOOST_AUTO_TEST_CASE(without_a_journal_it_has_what_is_in_memory) {
  StoreFixture f({}, 1);  // one commit
  f.load();
  for (const char* value : {"1", "2", "3"}) f.apply(put("a", value));
  BOOST_TEST(of(f, "a") == "a=3@3 ");
}

BOOST_AUTO_TEST_CASE(what_is_not_in_memory_comes_from_the_journal_segment_by_segment) {
  TemporaryDirectory directory;
  StoreFixture f(in_small_segments(directory), 1);
  f.load();
  std::string expected;
  for (int i = 1; i <= 40; ++i) {
    f.apply(put(i % 3 == 0 ? "a" : "b", std::to_string(i)));
    if (i % 3 == 0) expected = "a=" + std::to_string(i) + "@" + std::to_string(i) + " " + expected;
  }
  BOOST_TEST(of(f, "a") == expected);
  BOOST_TEST(of(f, "a", 4) == "a=39@39 a=36@36 a=33@33 a=30@30 ");
}

BOOST_AUTO_TEST_CASE(it_goes_on_where_it_was_after_a_restart) {
  TemporaryDirectory directory;
  {
    StoreFixture before(in_small_segments(directory));
    before.load();
    for (const char* value : {"1", "2", "3"}) before.apply(put("a", value));
  }
  StoreFixture f(in_small_segments(directory));
  f.load().apply(put("a", "4"));
  BOOST_TEST(of(f, "a") == "a=4@4 a=3@3 a=2@2 a=1@1 ");
}

BOOST_AUTO_TEST_SUITE_END()
