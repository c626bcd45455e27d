// History that leaves by its age, in log time: what a test's clock says, never the machine's.
#include "kvs/store/history_age.hpp"

#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

constexpr LogTime at(std::chrono::milliseconds time) { return LogTime{time}; }

// A store that keeps 10 s of history, whose wall clock the test sets. The n-th command has the log time of n seconds.
struct Timed {
  LogTime now = at(0ms);
  StoreFixture f;

  explicit Timed(StoreOptions options = {}) : f(with_age(std::move(options))) { f.load(); }
  StoreOptions with_age(StoreOptions options) {
    options.history_age = 10s;
    options.wall_clock = [this] { return now; };
    return options;
  }
  void write(std::uint64_t count, std::string_view key = "k") {
    for (std::uint64_t n = 0; n < count; ++n) f.apply(put(key, std::to_string(f.place + 1)));
  }
  std::uint64_t oldest() { return number(f.store.oldest(f.view)); }
  // The clock goes there, and the next look has come by.
  void look_at(std::chrono::milliseconds time, std::uint64_t expected) {
    now = at(time);
    drive(f.io, [&] { return number(f.view.history().oldest()) == expected; });
    BOOST_TEST(oldest() == expected);
  }
  Step next(Watch& watch) { return run(f.io, watch.next(Clock::now(), all_bytes)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(history_age)

BOOST_AUTO_TEST_CASE(what_is_older_than_the_age_is_told_once) {
  HistoryAge age(10s);
  BOOST_TEST(age.empty());
  age.note(Revision{1}, at(1s));
  age.note(Revision{2}, at(2s));
  age.note(Revision{5}, at(5s));
  BOOST_TEST(!age.too_old(at(11s)));  // as old as that, not older
  BOOST_TEST((age.too_old(at(11'001ms)) == Revision{1}));
  BOOST_TEST(!age.too_old(at(11'001ms)));
  BOOST_TEST((age.too_old(at(100s)) == Revision{5}));
  BOOST_TEST(age.empty());
}

BOOST_AUTO_TEST_CASE(nothing_leaves_before_its_time_and_all_of_it_a_sixty_fourth_later) {
  HistoryAge age(64s);
  for (std::uint64_t n = 1; n <= 1'000'000; ++n) age.note(Revision{n}, at(std::chrono::milliseconds(n)));
  for (std::uint64_t past : {1'000U, 64'000U, 500'500U, 999'999U}) {
    auto old = age.too_old(at(64s + std::chrono::milliseconds(past)));
    BOOST_REQUIRE((old || past == 1000));
    if (!old) continue;
    BOOST_TEST(number(*old) < past);
    BOOST_TEST(number(*old) + 1'002 >= past);
  }
}

BOOST_AUTO_TEST_CASE(history_in_memory_leaves_by_its_age_without_a_write) {
  Timed t;
  t.write(20);
  BOOST_TEST(t.oldest() == 0U);
  t.look_at(15'500ms, 5);  // the fifth is of the fifth second
  Watch below(t.f.view, {}, Revision{4}), at_its_end(t.f.view, {}, Revision{5});
  BOOST_TEST(text(t.next(below)) == "compacted");
  BOOST_TEST(text(t.next(at_its_end)).starts_with("k=6@6 k=7@7 "));
  t.look_at(30'001ms, 20);
  BOOST_TEST(t.f.state() == "k=20@20 ");  // what is live is no history
}

BOOST_AUTO_TEST_CASE(history_on_disk_leaves_by_its_age_and_reads_of_the_past_with_it) {
  TemporaryDirectory directory;
  Timed t(kept_in(directory));
  t.write(20);
  t.look_at(15'500ms, 5);
  Watch below(t.f.view, {}, Revision{4});
  BOOST_TEST(text(t.next(below)) == "compacted");
  BOOST_TEST(!run(t.f.io, t.f.store.past(t.f.view, Revision{4})).has_value());
  BOOST_TEST(text(run(t.f.io, t.f.store.past(t.f.view, Revision{10})).value()) == "k=10@10 ");  // what is younger stays
  auto history = run(t.f.io, t.f.store.history_of(t.f.view, "k", 100));
  BOOST_TEST(history.changes.size() == 15U);
  t.look_at(40s, 20);
  BOOST_TEST(run(t.f.io, t.f.store.history_of(t.f.view, "k", 100)).changes.empty());
  BOOST_TEST((t.f.store.oldest_past(t.f.view) == Revision{20}));
  t.write(1);
  Watch watch(t.f.view, {}, Revision{20});
  BOOST_TEST(text(t.next(watch)) == "k=21@21 ");
}

BOOST_AUTO_TEST_CASE(a_watch_that_waits_for_another_key_does_not_fall_behind) {
  TemporaryDirectory directory;
  Timed t(kept_in(directory));
  Watch quiet(t.f.view, {{"quiet"}, {}}, no_revision);
  Task<Step> step(t.f.io, quiet.next(far_off(), all_bytes));
  settle(t.f.io);
  t.write(20);
  t.look_at(40s, 20);
  quiet.interrupt();
  BOOST_TEST(text(step.get()) == "interrupted");
  Task<Step> again(t.f.io, quiet.next(far_off(), all_bytes));
  settle(t.f.io);
  t.write(1, "quiet");
  BOOST_TEST(text(again.get(), {{"quiet"}, {}}) == "quiet=21@21 ");
}

BOOST_AUTO_TEST_CASE(what_comes_live_is_new_however_far_the_clock_of_the_log_is_behind) {
  Timed t;
  t.now = at(1'000s);
  t.write(1);  // by the log it is of the first second
  Watch watch(t.f.view, {}, no_revision);
  t.now = at(1'009s);
  t.write(1);
  BOOST_TEST(text(t.next(watch)) == "k=1@1 k=2@2 ");
  t.look_at(1'010'500ms, 1);
}

// Of what was there before only the beginnings of segments are known: those that are too old as a whole go at once.
BOOST_AUTO_TEST_CASE(after_a_restart_old_history_leaves_by_whole_segments) {
  TemporaryDirectory directory;
  StoreOptions options = kept_in(directory);
  options.journal.segment_bytes = 16 * 1024;
  {
    StoreFixture before(options);
    before.load();
    for (int n = 0; n < 40; ++n) before.apply(put("k", std::string(2000, 'v')));
  }
  Timed t(options);
  BOOST_REQUIRE(t.f.store.oldest(t.f.view) == no_revision);
  t.now = at(41s);
  t.write(1);  // wakes nobody: there was history before
  drive(t.f.io, [&] { return t.oldest() != 0; });
  BOOST_TEST(t.oldest() > 15U);
  BOOST_TEST(t.oldest() <= 31U);  // what was changed at 31 s is just not too old
}

BOOST_AUTO_TEST_CASE(without_an_age_everything_stays) {
  LogTime now = at(0ms);
  StoreOptions options;
  options.wall_clock = [&now] { return now; };
  StoreFixture f(options);
  f.load();
  f.apply(put("a", "1"));
  now = at(std::chrono::hours(1'000'000));
  f.apply(put("b", "2"));
  BOOST_TEST((f.store.oldest(f.view) == no_revision));
}

BOOST_AUTO_TEST_SUITE_END()
