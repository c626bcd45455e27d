// Watches of a view that is told of commits by hand.
#include "kvs/store/watch.hpp"

#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

struct Fixture : StoreFixture {
  using StoreFixture::StoreFixture;
  Fixture() { view.begin(no_revision); }

  Task<Step> next(Watch& watch, Clock::time_point deadline = far_off(), std::size_t max_bytes = all_bytes) {
    return Task<Step>(io, watch.next(deadline, max_bytes));
  }
  // What comes at once.
  std::string step(Watch& watch, const Filter& filter = {}, std::size_t max_bytes = all_bytes) {
    return text(run(io, watch.next(Clock::now(), max_bytes)), filter);
  }
};

const Filter city{{"city"}, {}};
const Filter services{{}, {"service/"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(watch)

BOOST_AUTO_TEST_CASE(a_watch_resumes_after_the_revision_it_was_given) {
  Fixture f;
  f.receive(0, {set(1, "a", "1"), set(2, "b", "2")});
  f.receive(2, {set(3, "c", "3")});
  Watch watch(f.view, {}, Revision{1});
  BOOST_TEST(f.step(watch) == "b=2@2 c=3@3 ");
  BOOST_TEST((watch.cursor() == Revision{3}));
}

BOOST_AUTO_TEST_CASE(a_watch_waits_until_something_comes) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  auto step = f.next(watch);
  BOOST_TEST(!step.done());
  f.receive(0, {set(1, "a", "1")});
  BOOST_TEST(text(step.get()) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(each_change_is_handed_out_once) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  f.receive(0, {set(1, "a", "1")});
  BOOST_TEST(f.step(watch) == "a=1@1 ");
  f.receive(1, {removed(2, "a")});
  BOOST_TEST(f.step(watch) == "a-@2 ");
  BOOST_TEST(f.step(watch) == "timeout");
}

BOOST_AUTO_TEST_CASE(commits_that_came_while_the_watch_was_busy_are_one_step) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  f.receive(0, {set(1, "a", "1")});
  f.receive(1, {set(2, "b", "2")});
  BOOST_TEST(f.step(watch) == "a=1@1 b=2@2 ");
}

BOOST_AUTO_TEST_CASE(a_step_has_about_as_many_bytes_as_asked_for_and_at_least_one_commit) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  f.receive(0, {set(1, "a", "1")});
  f.receive(1, {set(2, "b", "2")});
  BOOST_TEST(f.step(watch, {}, 1) == "a=1@1 ");
  BOOST_TEST(f.step(watch, {}, 1) == "b=2@2 ");
}

BOOST_AUTO_TEST_CASE(every_watch_gets_every_change) {
  Fixture f;
  Watch one(f.view, {}, no_revision), two(f.view, {}, no_revision), busy(f.view, {}, no_revision);
  auto first = f.next(one), second = f.next(two);
  settle(f.io);
  f.receive(0, {set(1, "a", "1")});
  BOOST_TEST(text(first.get()) == "a=1@1 ");
  BOOST_TEST(text(second.get()) == "a=1@1 ");
  BOOST_TEST(f.step(busy) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_is_woken_by_its_key) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch);
  settle(f.io);
  f.receive(0, {set(1, "other", "1"), set(2, "city", "Pune")});
  BOOST_TEST(text(step.get(), city) == "city=Pune@2 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_is_woken_by_its_prefix) {
  Fixture f;
  Watch watch(f.view, services, no_revision);
  auto step = f.next(watch);
  settle(f.io);
  f.receive(0, {set(1, "service/web", "up")});
  BOOST_TEST(text(step.get(), services) == "service/web=up@1 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_is_not_woken_by_other_keys) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch);
  settle(f.io);
  for (std::uint64_t revision = 1; revision <= 100; ++revision) f.receive(revision - 1, {set(revision, "other", "x")});
  BOOST_TEST(settle(f.io) == 0U);  // not one handler ran
  f.receive(100, {set(101, "city", "Pune")});
  BOOST_TEST(settle(f.io) >= 1U);
  BOOST_TEST(text(step.get(), city) == "city=Pune@101 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_steps_over_what_it_did_not_want) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto waiting = f.next(watch);
  settle(f.io);
  for (std::uint64_t revision = 1; revision <= 100; ++revision) f.receive(revision - 1, {set(revision, "other", "x")});
  f.receive(100, {set(101, "city", "Pune")});
  Step step = waiting.get();
  BOOST_TEST(step.commits.size() == 1U);
  BOOST_TEST((step.after == Revision{100}));
}

BOOST_AUTO_TEST_CASE(the_cursor_of_a_filtered_watch_moves_on_with_what_it_did_not_want) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch, Clock::now() + 2ms);
  settle(f.io);
  f.receive(0, {set(1, "other", "x")});
  f.receive(1, {set(2, "other", "y")});
  BOOST_TEST(text(step.get()) == "timeout");
  BOOST_TEST((watch.cursor() == Revision{2}));
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_that_was_busy_finds_its_change_by_itself) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  f.receive(0, {set(1, "city", "Pune")});
  f.receive(1, {set(2, "other", "x")});
  BOOST_TEST(f.step(watch, city) == "city=Pune@1 ");
  BOOST_TEST(f.step(watch, city) == "timeout");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_loses_nothing_that_comes_between_its_wake_up_and_its_turn) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch);
  settle(f.io);
  f.receive(0, {set(1, "city", "Pune")});
  f.receive(1, {set(2, "other", "x")});
  f.receive(2, {set(3, "city", "Leh")});
  BOOST_TEST(text(step.get(), city) == "city=Pune@1 city=Leh@3 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_that_was_interrupted_loses_nothing_that_comes_before_its_turn) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch);
  settle(f.io);
  watch.interrupt();
  f.receive(0, {set(1, "city", "Pune")});
  BOOST_TEST(text(step.get()) == "interrupted");
  BOOST_TEST(f.step(watch, city) == "city=Pune@1 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_whose_time_is_up_loses_nothing_that_comes_before_its_turn) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch, Clock::now() + 200ms);
  settle(f.io);  // waits now, if that took less than its time
  f.io.restart();
  f.io.run_one();  // the alarm goes off; the watch has yet to come to its turn
  f.receive(0, {set(1, "city", "Pune")});
  BOOST_TEST(text(step.get(), city) == "city=Pune@1 ");
}

BOOST_AUTO_TEST_CASE(nothing_by_the_deadline_is_a_timeout) {
  Fixture f;
  f.receive(0, {set(1, "a", "1")});
  Watch watch(f.view, {}, Revision{1});
  auto deadline = Clock::now() + 2ms;
  auto step = f.next(watch, deadline);
  BOOST_TEST(text(step.get()) == "timeout");
  BOOST_TEST((Clock::now() >= deadline));
  BOOST_TEST((watch.cursor() == Revision{1}));
}

BOOST_AUTO_TEST_CASE(changes_come_before_a_deadline_that_has_passed) {
  Fixture f;
  f.receive(0, {set(1, "a", "1")});
  Watch watch(f.view, {}, no_revision);
  BOOST_TEST(text(run(f.io, watch.next(Clock::now() - 1s, all_bytes))) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(an_old_deadline_does_not_end_the_next_wait) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  auto first = f.next(watch, Clock::now() + 2ms);
  settle(f.io);
  f.receive(0, {set(1, "a", "1")});
  first.get();
  auto second = f.next(watch);
  Watch other(f.view, {}, Revision{1});
  f.next(other, Clock::now() + 4ms).get();
  BOOST_TEST(!second.done());
  f.receive(1, {set(2, "b", "2")});
  BOOST_TEST(text(second.get()) == "b=2@2 ");
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_the_wait) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  auto step = f.next(watch);
  BOOST_TEST(!step.done());
  watch.interrupt();
  BOOST_TEST(text(step.get()) == "interrupted");
}

BOOST_AUTO_TEST_CASE(an_interrupt_that_came_before_ends_the_next_wait_and_no_other) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  watch.interrupt();
  BOOST_TEST(text(f.next(watch).get()) == "interrupted");
  BOOST_TEST(!f.next(watch).done());
}

BOOST_AUTO_TEST_CASE(an_interrupted_watch_goes_on_where_it_was) {
  Fixture f;
  f.receive(0, {set(1, "a", "1")});
  Watch watch(f.view, {}, no_revision);
  watch.interrupt();
  BOOST_TEST(f.step(watch) == "interrupted");
  BOOST_TEST(f.step(watch) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_draining_view_ends_the_watches_that_wait) {
  Fixture f;
  Watch everything(f.view, {}, no_revision), filtered(f.view, city, no_revision);
  auto one = f.next(everything), two = f.next(filtered);
  settle(f.io);
  f.view.drain();
  BOOST_TEST(text(one.get()) == "draining");
  BOOST_TEST(text(two.get()) == "draining");
}

BOOST_AUTO_TEST_CASE(a_draining_view_hands_out_what_there_is_first) {
  Fixture f;
  Watch watch(f.view, {}, no_revision);
  f.receive(0, {set(1, "a", "1")});
  f.view.drain();
  BOOST_TEST(f.step(watch) == "a=1@1 ");
  BOOST_TEST(f.step(watch) == "draining");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_that_drains_has_everything_up_to_its_cursor) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  auto step = f.next(watch);
  settle(f.io);
  f.receive(0, {set(1, "other", "x")});
  f.view.drain();
  BOOST_TEST(text(step.get()) == "draining");
  BOOST_TEST((watch.cursor() == Revision{1}));
}

BOOST_AUTO_TEST_CASE(a_watch_below_a_history_that_is_kept_nowhere_is_compacted) {
  Fixture f({}, 1);
  f.receive(0, {set(1, "a", "1")});
  f.receive(1, {set(2, "b", "2")});
  Watch watch(f.view, {}, no_revision);
  BOOST_TEST(f.step(watch) == "compacted");
  BOOST_TEST((watch.cursor() == no_revision));
}

BOOST_AUTO_TEST_CASE(a_watch_that_was_moved_goes_on_from_there) {
  Fixture f;
  f.receive(0, {set(1, "a", "1"), set(2, "b", "2"), set(3, "c", "3")});
  Watch watch(f.view, {}, no_revision);
  watch.move(Revision{2});
  BOOST_TEST(f.step(watch) == "c=3@3 ");
}

BOOST_AUTO_TEST_CASE(a_watch_from_a_revision_that_is_still_on_its_way_gets_what_comes_after_it) {
  Fixture f;
  Watch watch(f.view, {}, Revision{2});
  auto step = f.next(watch);
  settle(f.io);
  f.receive(0, {set(1, "a", "1"), set(2, "b", "2")});
  BOOST_TEST(!step.done());
  f.receive(2, {set(3, "c", "3")});
  BOOST_TEST(text(step.get()) == "c=3@3 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_comes_back_once_the_revision_it_requires_is_here) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  watch.require(Revision{2});
  auto step = f.next(watch);
  BOOST_TEST(!step.done());
  f.receive(0, {set(1, "other", "x"), set(2, "other", "y")});
  BOOST_TEST(text(step.get(), city) == "");
  BOOST_TEST((watch.cursor() == Revision{2}));
}

BOOST_AUTO_TEST_CASE(a_requirement_that_is_met_does_not_end_a_later_wait) {
  Fixture f;
  f.receive(0, {set(1, "other", "x")});
  Watch watch(f.view, city, Revision{1});
  watch.require(Revision{1});
  auto step = f.next(watch);
  settle(f.io);
  f.receive(1, {set(2, "other", "y")});
  BOOST_TEST(!step.done());
}

BOOST_AUTO_TEST_CASE(the_highest_requirement_counts) {
  Fixture f;
  Watch watch(f.view, city, no_revision);
  watch.require(Revision{2});
  watch.require(Revision{1});
  auto first = f.next(watch);
  settle(f.io);
  f.receive(0, {set(1, "other", "x")});
  first.get();
  auto second = f.next(watch);
  BOOST_TEST(!second.done());
  f.receive(1, {set(2, "other", "y")});
  BOOST_TEST(second.done());
  BOOST_TEST((watch.cursor() == Revision{2}));
}

// Takes what it is offered, or not.
struct Hand final : Taker {
  bool open = true;
  std::string taken;  // "a=1@1 b-@2 | ", a stroke behind each offer

  bool take(Revision after, const CommitRef& commit) noexcept override {
    if (!open) return false;
    taken += text(Step{Step::Kind::changes, after, {commit}}) + "| ";
    return true;
  }
};

struct OfferFixture : Fixture {
  Hand hand;
  Watch watch;
  Task<Step> step;

  explicit OfferFixture(Filter filter = {}, Revision after = no_revision)
      : watch(view, std::move(filter), after), step(begin()) {
    settle(io);
  }
  Task<Step> begin() {
    watch.offer_to(hand);
    return next(watch);
  }
};

BOOST_AUTO_TEST_CASE(a_waiting_watch_has_what_comes_taken_and_waits_on) {
  OfferFixture f;
  f.receive(0, {set(1, "a", "1"), set(2, "b", "2")});
  BOOST_TEST(settle(f.io) == 0U);  // not one handler ran
  f.receive(2, {removed(3, "a")});
  BOOST_TEST(f.hand.taken == "a=1@1 b=2@2 | a-@3 | ");
  BOOST_TEST(!f.step.done());
  BOOST_TEST((f.watch.cursor() == Revision{3}));
}

BOOST_AUTO_TEST_CASE(what_is_not_taken_ends_the_wait) {
  OfferFixture f;
  f.receive(0, {set(1, "a", "1")});
  f.hand.open = false;
  f.receive(1, {set(2, "b", "2")});
  BOOST_TEST(f.hand.taken == "a=1@1 | ");
  BOOST_TEST(text(f.step.get()) == "b=2@2 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_is_offered_a_commit_once_and_from_where_it_was) {
  OfferFixture f(city);
  f.receive(0, {set(1, "other", "1")});
  f.receive(1, {set(2, "city", "Pune"), set(3, "city", "Leh")});
  BOOST_TEST(f.hand.taken == "city=Pune@2 city=Leh@3 | ");
  BOOST_TEST(!f.step.done());
}

BOOST_AUTO_TEST_CASE(what_a_watch_began_behind_is_not_offered) {
  OfferFixture f({}, Revision{2});
  f.receive(0, {set(1, "a", "1"), set(2, "b", "2")});
  BOOST_TEST(f.hand.taken == "");
  f.receive(2, {set(3, "c", "3")});
  BOOST_TEST(f.hand.taken == "c=3@3 | ");
  BOOST_TEST(!f.step.done());
}

BOOST_AUTO_TEST_CASE(a_watch_that_began_within_a_commit_is_offered_the_rest) {
  OfferFixture f({}, Revision{1});
  f.receive(0, {set(1, "a", "1"), set(2, "b", "2")});
  BOOST_TEST(f.hand.taken == "b=2@2 | ");
}

BOOST_AUTO_TEST_CASE(an_interrupted_watch_is_offered_nothing_before_its_turn) {
  OfferFixture f;
  f.watch.interrupt();
  f.receive(0, {set(1, "a", "1")});
  BOOST_TEST(f.hand.taken == "");
  BOOST_TEST(text(f.step.get()) == "interrupted");
  BOOST_TEST(f.Fixture::step(f.watch) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_watch_that_requires_a_revision_comes_back_with_it) {
  OfferFixture f;
  f.watch.require(Revision{1});
  f.receive(0, {set(1, "a", "1")});
  BOOST_TEST(f.hand.taken == "");
  BOOST_TEST(text(f.step.get()) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_filtered_watch_that_began_ahead_is_offered_only_what_it_wants) {
  OfferFixture f(city, Revision{2});
  f.watch.require(Revision{2});
  f.watch.interrupt();
  f.step.get();
  auto step = f.next(f.watch);
  settle(f.io);
  f.receive(0, {set(1, "other", "1"), set(2, "other", "2")});
  settle(f.io);
  f.receive(2, {set(3, "other", "3")});
  BOOST_TEST(f.hand.taken == "");
  f.receive(3, {set(4, "city", "Pune")});
  BOOST_TEST(f.hand.taken == "city=Pune@4 | ");
  BOOST_TEST(!step.done());
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_busy_is_offered_nothing) {
  OfferFixture f;
  f.hand.open = false;
  f.receive(0, {set(1, "a", "1")});
  f.step.get();
  f.hand.open = true;
  f.receive(1, {set(2, "b", "2")});
  BOOST_TEST(f.hand.taken == "");
  BOOST_TEST(f.Fixture::step(f.watch) == "b=2@2 ");
}

// While more is known to follow, all of it is one step.
BOOST_AUTO_TEST_CASE(a_commit_behind_the_newest_state_is_not_offered) {
  StoreFixture f;
  f.load();
  f.order(commands(put("a", "1"), put("b", "2")));
  View late(f.store, f.io.get_executor(), 1, 1 << 20);
  late.begin(no_revision);
  Hand hand;
  Watch watch(late, {}, no_revision);
  watch.offer_to(hand);
  Task<Step> step(f.io, watch.next(far_off(), all_bytes));
  settle(f.io);
  late.receive(std::make_shared<Commit>(no_revision, Changes{set(1, "a", "1")}), {});
  late.receive(std::make_shared<Commit>(Revision{1}, Changes{set(2, "b", "2")}), {});
  BOOST_TEST(hand.taken == "");
  BOOST_TEST(text(step.get()) == "a=1@1 b=2@2 ");
}

BOOST_AUTO_TEST_CASE(a_view_counts_its_watches) {
  Fixture f;
  {
    Watch one(f.view, {}, no_revision), two(f.view, city, no_revision);
    BOOST_TEST(f.view.watches() == 2U);
  }
  BOOST_TEST(f.view.watches() == 0U);
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_gone_is_not_missed) {
  Fixture f;
  {
    Watch one(f.view, {}, no_revision), two(f.view, city, no_revision);
  }
  f.receive(0, {set(1, "city", "Pune")});
  BOOST_TEST((f.view.history().newest() == Revision{1}));
}

BOOST_AUTO_TEST_SUITE_END()
