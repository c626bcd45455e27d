#include "kvs/store/past.hpp"

#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

std::string at(StoreFixture& f, std::uint64_t revision) {
  auto state = run(f.io, f.store.past(f.view, Revision{revision}));
  return state ? text(*state) : "compacted";
}

CommitRef commit(std::uint64_t before, Changes changes) {
  return std::make_shared<Commit>(Revision{before}, std::move(changes));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(past)

BOOST_AUTO_TEST_CASE(every_state_of_the_history_can_be_had_again) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), put("b", "2")));
  f.order(commands(put("a", "3"), drop("b")));
  BOOST_TEST(at(f, 0) == "");
  BOOST_TEST(at(f, 1) == "a=1@1 ");
  BOOST_TEST(at(f, 2) == "a=1@1 b=2@2 ");
  BOOST_TEST(at(f, 3) == "a=3@3 b=2@2 ");
  BOOST_TEST(at(f, 4) == "a=3@3 ");
}

BOOST_AUTO_TEST_CASE(a_number_between_two_changes_means_the_state_after_the_first) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), drop("nothing"), put("a", "3")));
  BOOST_TEST(at(f, 2) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(what_memory_does_not_hold_any_more_comes_from_the_journal) {
  TemporaryDirectory directory;
  StoreFixture f(kept_in(directory), 1);  // one commit in memory
  f.load();
  for (const char* value : {"1", "2", "3", "4"}) f.apply(put("a", value));
  BOOST_TEST(at(f, 2) == "a=2@2 ");
}

BOOST_AUTO_TEST_CASE(after_a_restart_the_journal_still_gives_the_past_if_it_begins_at_the_beginning) {
  TemporaryDirectory directory;
  {
    StoreFixture before(kept_in(directory));
    before.load().order(commands(put("a", "1"), put("a", "2")));
  }
  StoreFixture f(kept_in(directory));
  f.load();
  BOOST_TEST(at(f, 1) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(without_a_journal_what_memory_no_longer_holds_is_compacted) {
  StoreFixture f({}, 1);
  f.load();
  for (const char* value : {"1", "2", "3"}) f.apply(put("a", value));
  BOOST_TEST(at(f, 1) == "compacted");
}

BOOST_AUTO_TEST_CASE(a_root_is_kept_for_every_so_many_bytes_and_dropped_with_the_history) {
  Past past(1);  // one for every commit
  State empty, one = with(empty, {set(1, "a", "1")}), two = with(one, {set(2, "a", "2")});
  past.start(empty);
  past.note(*commit(0, {set(1, "a", "1")}), one, no_revision, Clock::now());
  past.note(*commit(1, {set(2, "a", "2")}), two, no_revision, Clock::now());
  BOOST_TEST((past.before(Revision{1})->state.revision() == Revision{1}));
  BOOST_TEST((past.oldest() == no_revision));
  past.note(*commit(2, {set(3, "a", "3")}), with(two, {set(3, "a", "3")}), Revision{2}, Clock::now());
  BOOST_TEST((past.oldest() == Revision{2}));
  BOOST_TEST(!past.before(Revision{1}).has_value());
}

// Between it and the history lies what nobody knows any more.
BOOST_AUTO_TEST_CASE(a_root_that_the_history_does_not_reach_back_to_is_dropped) {
  Past past(1 << 30);  // none by itself
  State one = with({}, {set(1, "a", "1")}), four = with(one, {set(4, "a", "4")});
  past.start(one);
  past.note(*commit(1, {set(4, "a", "4")}), four, Revision{1}, Clock::now());
  BOOST_TEST((past.oldest() == Revision{1}));
  State five = with(four, {set(5, "a", "5")});
  past.note(*commit(4, {set(5, "a", "5")}), five, Revision{2}, Clock::now());
  BOOST_TEST((past.oldest() == Revision{5}));
  BOOST_TEST(!past.before(Revision{4}).has_value());
}

BOOST_AUTO_TEST_CASE(a_state_that_was_made_stays_for_a_minute) {
  Past past(1 << 30);
  past.start(with({}, {set(9, "z", "9")}));
  auto now = Clock::now();
  past.pin(with({}, {set(5, "a", "5")}), Revision{5}, now);
  BOOST_TEST((past.before(Revision{5})->state.revision() == Revision{5}));
  BOOST_TEST(past.before(Revision{5})->exact);
  BOOST_TEST(!past.before(Revision{6}).has_value());  // nothing to go on from
  past.pin(with({}, {set(7, "b", "7")}), Revision{7}, now + std::chrono::seconds(61));
  BOOST_TEST(!past.before(Revision{6}).has_value());
}

// Also if no other one is made: what is changed meanwhile makes it dearer and dearer.
BOOST_AUTO_TEST_CASE(after_its_minute_a_state_goes_with_the_next_commit) {
  Past past(1 << 30);
  State nine = with({}, {set(9, "z", "9")}), ten = with(nine, {set(10, "z", "10")});
  past.start(nine);
  auto now = Clock::now();
  past.pin(with({}, {set(5, "a", "5")}), Revision{5}, now);
  past.note(*commit(9, {set(10, "z", "10")}), ten, no_revision, now + std::chrono::seconds(59));
  BOOST_TEST(past.before(Revision{5}).has_value());
  past.note(*commit(9, {set(10, "z", "10")}), ten, no_revision, now + std::chrono::seconds(61));
  BOOST_TEST(!past.before(Revision{5}).has_value());
}

BOOST_AUTO_TEST_CASE(a_pinned_state_is_that_of_every_number_up_to_the_one_it_was_asked_for_by) {
  Past past(1 << 30);
  past.start(with({}, {set(9, "z", "9")}));
  past.pin(with({}, {set(5, "a", "5")}), Revision{7}, Clock::now());
  for (std::uint64_t revision : {5, 6, 7}) BOOST_TEST(past.before(Revision{revision})->exact);
  BOOST_TEST(!past.before(Revision{8}).has_value());
}

BOOST_AUTO_TEST_CASE(of_too_many_pinned_states_the_one_asked_for_longest_ago_goes) {
  Past past(1 << 30);
  past.start(with({}, {set(1000, "z", "9")}));
  auto now = Clock::now();
  for (std::uint64_t n = 1; n <= 64; ++n) past.pin(with({}, {set(n, "a", "1")}), Revision{n}, now);
  past.pin(past.before(Revision{1})->state, Revision{1}, now);  // the next page
  past.pin(with({}, {set(65, "a", "1")}), Revision{65}, now);
  BOOST_TEST(past.before(Revision{1})->exact);
  BOOST_TEST(!past.before(Revision{2}).has_value());
}

BOOST_AUTO_TEST_CASE(pinned_states_that_keep_too_much_in_memory_go_before_their_time) {
  Past past(1 << 30, 0);  // no more than the newest of them takes itself
  StateEditor editor{State{}};
  auto next = [&](std::uint64_t revision) {
    editor.put(set(revision, "a", std::string(100'000, 'x')).record);
    return editor.commit(Revision{revision}, LogTime{});
  };
  past.start(next(1000));
  auto now = Clock::now();
  for (std::uint64_t n = 1; n <= 3; ++n) past.pin(next(n), Revision{n}, now);
  BOOST_TEST(!past.before(Revision{1}).has_value());  // with the second one it would be twice as much
  BOOST_TEST(past.before(Revision{2})->exact);
  BOOST_TEST(past.before(Revision{3})->exact);
  State third = past.before(Revision{3})->state;
  for (std::uint64_t n = 4; n <= 10; ++n) past.pin(third, Revision{n}, now);  // they share everything
  BOOST_TEST(past.before(Revision{2})->exact);
}

BOOST_AUTO_TEST_CASE(of_those_that_had_to_be_made_few_are_kept) {
  Past past(1);
  past.start(State{});
  auto now = Clock::now();
  past.pin(with({}, {set(1, "a", "1")}), Revision{1}, now);
  for (std::uint64_t n = 2; n <= 9; ++n) past.pin(with({}, {set(n, "a", "1")}), Revision{n}, now, true);
  past.pin(past.before(Revision{2})->state, Revision{2}, now);  // its next page: it stays one that was made
  past.pin(with({}, {set(10, "a", "1")}), Revision{10}, now, true);
  BOOST_TEST(past.before(Revision{1})->exact);
  BOOST_TEST(!past.before(Revision{1})->made);
  BOOST_TEST(past.before(Revision{2})->exact);
  BOOST_TEST(past.before(Revision{2})->made);  // so what is pinned of it under another number counts, too
  BOOST_TEST(!past.before(Revision{3})->exact);
  BOOST_TEST(past.before(Revision{4})->exact);
  BOOST_TEST(past.before(Revision{10})->exact);
}

BOOST_AUTO_TEST_CASE(what_was_pinned_outlives_the_history) {
  StoreFixture f({}, 1);  // one commit in memory
  f.load();
  f.apply(put("a", "1"));
  f.store.pin(f.view.state(), Revision{1});
  for (const char* value : {"2", "3", "4"}) f.apply(put("a", value));
  BOOST_TEST(at(f, 1) == "a=1@1 ");
  BOOST_TEST(at(f, 2) == "compacted");
}

BOOST_AUTO_TEST_CASE(without_a_journal_roots_go_with_the_history_in_memory) {
  StoreOptions options;
  options.journal.history_bytes = 1 << 20;  // of which the distance between roots is made: the least there is
  StoreFixture f(options, 1);
  f.load();
  for (int i = 0; i < 4; ++i) f.apply(put("a", std::string(std::size_t{4} << 20, 'x')));  // a root each
  BOOST_TEST((f.store.oldest_past(f.view) >= Revision{2}));
}

// However much is caught up with: nobody can ask for a state in between.
BOOST_AUTO_TEST_CASE(without_a_journal_no_root_is_kept_before_the_store_is_ready) {
  StoreOptions options;
  options.journal.history_bytes = 1 << 20;
  StoreFixture f(options);
  f.bus.is_up = false;
  f.load();
  for (int i = 0; i < 4; ++i) f.apply(put("a", std::string(std::size_t{4} << 20, 'x')));
  f.bus_up(true);
  BOOST_TEST((f.store.oldest_past(f.view) == Revision{4}));
  f.apply(put("b", "1"));
  BOOST_TEST((f.store.oldest_past(f.view) == Revision{4}));
  BOOST_TEST(at(f, 3) == "compacted");
}

BOOST_AUTO_TEST_SUITE_END()
