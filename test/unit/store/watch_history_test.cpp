// Watches that begin below the history in memory: the journal's segments first, then live.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <random>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::size_t little_memory = 2000;  // a handful of commits

struct Fixture {
  TemporaryDirectory directory;
  StoreFixture f;

  explicit Fixture(std::uint64_t history_bytes = 256 << 20) : f(options(history_bytes), little_memory) { f.load(); }
  StoreOptions options(std::uint64_t history_bytes) {
    StoreOptions made = kept_in(directory);
    made.journal.history_bytes = history_bytes;
    return made;
  }
  // Batches of one to four sets.
  void write(std::uint64_t count) {
    for (auto until = f.place + count; f.place < until;) {
      std::vector<Command> batch;
      for (auto n = std::min(1 + f.place % 4, until - f.place); n > 0; --n) batch.push_back(next_command(n));
      f.order(std::move(batch));
    }
  }
  Command next_command(std::uint64_t n) { return put(n % 2 == 1 ? "odd" : "even", std::to_string(f.place)); }

  Step next(Watch& watch, std::size_t max_bytes = 500) { return run(f.io, watch.next(Clock::now(), max_bytes)); }
};

// The revisions of a step's changes that are wanted, appended; false when the step is not of changes.
bool collect(const Step& step, const Filter& filter, std::vector<std::uint64_t>& seen) {
  for (const CommitRef& commit : step.commits) {
    for (const Change& change : commit->changes()) {
      if (change.revision() > step.after && filter.matches(change.record->key())) {
        seen.push_back(number(change.revision()));
      }
    }
  }
  return step.kind == Step::Kind::changes;
}

std::vector<std::uint64_t> one_to(std::uint64_t last) {
  std::vector<std::uint64_t> all(last);
  for (std::uint64_t i = 0; i < last; ++i) all[i] = i + 1;
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watch_history)

BOOST_AUTO_TEST_CASE(a_watch_below_the_memory_gets_everything_once_and_in_order) {
  Fixture x;
  x.write(200);
  BOOST_TEST_REQUIRE((x.f.view.history().oldest() > Revision{100}));
  Watch watch(x.f.view, {}, no_revision);
  std::vector<std::uint64_t> seen;
  while (collect(x.next(watch), {}, seen)) continue;
  BOOST_TEST(seen == one_to(200), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_doubled_from_catching_up_to_live_while_writes_go_on) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Fixture x;
    std::mt19937 random(seed);
    x.write(100);
    Watch watch(x.f.view, {}, no_revision);
    std::vector<std::uint64_t> seen;
    for (int round = 0; round < 60; ++round) {
      Task<Step> step(x.f.io, watch.next(Clock::now(), 1 + random() % 3000));
      if (random() % 2 == 0) settle(x.f.io);
      x.write(random() % 6);  // while the watch reads
      collect(step.get(), {}, seen);
    }
    while (collect(x.next(watch, all_bytes), {}, seen)) continue;
    BOOST_TEST(seen == one_to(x.f.place), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_catches_up_with_what_it_wants_alone) {
  Fixture x;
  x.write(200);
  Filter odd{{"odd"}, {}};
  std::vector<std::uint64_t> expected, seen;
  Watch everything(x.f.view, {}, no_revision);
  while (collect(x.next(everything), odd, expected)) continue;
  Watch watch(x.f.view, odd, no_revision);
  while (collect(x.next(watch), odd, seen)) continue;
  BOOST_TEST(seen == expected, boost::test_tools::per_element());
  BOOST_TEST((watch.cursor() == Revision{200}));
}

BOOST_AUTO_TEST_CASE(a_watch_resumes_in_the_middle_of_an_old_batch) {
  Fixture x;
  x.f.order(commands(put("a", "1"), put("b", "2"), put("c", "3")));
  x.write(100);
  Watch watch(x.f.view, {}, Revision{2});
  std::vector<std::uint64_t> seen;
  collect(x.next(watch), {}, seen);
  BOOST_TEST(seen.at(0) == 3U);
}

BOOST_AUTO_TEST_CASE(a_watch_goes_on_across_a_restart) {
  TemporaryDirectory directory;
  {
    StoreFixture before(kept_in(directory));
    before.load().order(commands(put("a", "1"), put("b", "2"), put("c", "3")));
  }
  StoreFixture after(kept_in(directory));
  after.load();
  Watch watch(after.view, {}, Revision{1});
  BOOST_TEST(text(run(after.io, watch.next(far_off(), all_bytes))) == "b=2@2 c=3@3 ");
  after.apply(put("d", "4"));
  BOOST_TEST(text(run(after.io, watch.next(far_off(), all_bytes))) == "d=4@4 ");
}

BOOST_AUTO_TEST_CASE(a_watch_below_everything_that_is_kept_is_compacted) {
  Fixture x(64 * 1024);
  while (x.f.store.oldest(x.f.view) == no_revision) x.f.apply(put("large", std::string(10'000, 'x')));
  Watch watch(x.f.view, {}, no_revision);
  BOOST_TEST(text(x.next(watch)) == "compacted");
}

BOOST_AUTO_TEST_CASE(a_watch_from_the_oldest_revision_is_served_without_a_gap) {
  Fixture x(64 * 1024);
  while (x.f.store.oldest(x.f.view) == no_revision) x.f.apply(put("large", std::string(10'000, 'x')));
  Watch watch(x.f.view, {}, x.f.store.oldest(x.f.view));
  std::vector<std::uint64_t> seen;
  auto oldest = number(x.f.store.oldest(x.f.view));
  while (collect(x.next(watch), {}, seen)) continue;
  BOOST_TEST_REQUIRE(!seen.empty());
  BOOST_TEST(seen.front() == oldest + 1);
  BOOST_TEST(seen.back() == x.f.place);
  BOOST_TEST(seen.size() == x.f.place - oldest);
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_compacted_while_it_reads_is_told_so) {
  Fixture x(64 * 1024);
  x.write(50);
  Watch watch(x.f.view, {}, no_revision);
  BOOST_TEST(text(x.next(watch)) != "compacted");
  while (x.f.store.oldest(x.f.view) <= watch.cursor()) x.f.apply(put("large", std::string(10'000, 'x')));
  BOOST_TEST(text(x.next(watch)) == "compacted");
}

BOOST_AUTO_TEST_CASE(a_history_that_cannot_be_read_is_told_from_one_that_is_gone) {
  Fixture x;
  x.write(100);
  Watch watch(x.f.view, {}, no_revision);
  x.f.files.on_open_to_read = [] { throw_error(EIO); };
  BOOST_TEST(text(x.next(watch)) == "unreadable");
  BOOST_TEST((watch.cursor() == no_revision));
  x.f.files.on_open_to_read = nullptr;
  BOOST_TEST(text(x.next(watch)) != "unreadable");
  BOOST_TEST(number(watch.cursor()) > 0U);
}

BOOST_AUTO_TEST_SUITE_END()
