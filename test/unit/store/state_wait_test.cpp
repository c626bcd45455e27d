// Reads that wait for a revision, or for everything that was acknowledged before they began.
#include "kvs/store/state_wait.hpp"

#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

// "", or how it was told: "reached", "away", "full"; once more for each time.
struct Reader final : StateWaiter {
  std::string text;

  void told(PublishResult how) override {
    text += how == PublishResult::accepted ? "reached" : how == PublishResult::full ? "full" : "away";
  }
};

struct Fixture : StoreFixture {
  Fixture() { load(); }

  // How many barriers are on their way.
  std::size_t barriers() {
    return static_cast<std::size_t>(
        std::ranges::count_if(bus.published, [](const auto& one) { return one.first.kind == Command::Kind::barrier; }));
  }
  void wait_for_barrier(Reader& reader) { BOOST_TEST((view.await_barrier(reader) == PublishResult::accepted)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(state_wait)

BOOST_AUTO_TEST_CASE(a_reader_is_told_once_when_its_revision_is_there) {
  Fixture f;
  Reader reader;
  f.view.await(Revision{2}, reader);
  f.apply(put("a", "1"));
  BOOST_TEST(reader.text == "");
  f.apply(put("a", "2"));
  BOOST_TEST(reader.text == "reached");
  f.apply(put("a", "3"));
  BOOST_TEST(reader.text == "reached");
}

BOOST_AUTO_TEST_CASE(readers_of_one_batch_are_told_whatever_the_order_in_which_they_came) {
  Fixture f;
  Reader first, second, third;
  f.view.await(Revision{2}, second);
  f.view.await(Revision{3}, third);
  f.view.await(Revision{1}, first);
  f.order(commands(put("a", "1"), put("a", "2")));
  BOOST_TEST(first.text == "reached");
  BOOST_TEST(second.text == "reached");
  BOOST_TEST(third.text == "");
}

BOOST_AUTO_TEST_CASE(a_revision_that_was_refused_its_change_is_reached_with_the_next_one) {
  Fixture f;
  Reader reader;
  f.apply(put("a", "1"));
  f.view.await(Revision{2}, reader);
  f.apply(put("a", "2", {must_be_absent()}));
  BOOST_TEST(reader.text == "");
  f.apply(put("a", "3"));
  BOOST_TEST(reader.text == "reached");
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_left_is_not_told) {
  Fixture f;
  Reader reader;
  f.view.await(Revision{1}, reader);
  reader.leave();
  {
    Reader gone;
    f.view.await(Revision{1}, gone);
  }
  f.apply(put("a", "1"));
  BOOST_TEST(reader.text == "");
}

BOOST_AUTO_TEST_CASE(a_barrier_is_passed_when_it_has_come_by) {
  Fixture f;
  Reader reader;
  f.wait_for_barrier(reader);
  BOOST_TEST(f.barriers() == 1U);
  BOOST_TEST(reader.text == "");
  f.order();
  BOOST_TEST(reader.text == "reached");
}

BOOST_AUTO_TEST_CASE(what_stood_in_the_order_before_the_barrier_is_in_the_state_when_its_reader_is_told) {
  struct Looking final : StateWaiter {
    explicit Looking(View& where) : view(where) {}
    void told(PublishResult) override { seen = text(view.state()); }
    View& view;
    std::string seen;
  };
  Fixture f;
  Looking reader(f.view);
  f.submit(put("a", "1"));
  BOOST_TEST((f.view.await_barrier(reader) == PublishResult::accepted));
  f.order();
  BOOST_TEST(reader.seen == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_barrier_takes_a_place_but_changes_nothing) {
  Fixture f;
  Reader reader;
  f.apply(put("a", "1"));
  f.wait_for_barrier(reader);
  f.order();
  BOOST_TEST((f.view.state().revision() == Revision{1}));
  f.apply(put("a", "2"));
  BOOST_TEST((f.view.state().revision() == Revision{3}));
}

// The barrier under way may stand in the order before what such a reader must see.
BOOST_AUTO_TEST_CASE(who_comes_while_a_barrier_is_under_way_shares_the_next_one) {
  Fixture f;
  Reader first, second, third;
  f.wait_for_barrier(first);
  f.wait_for_barrier(second);
  f.wait_for_barrier(third);
  BOOST_TEST(f.barriers() == 1U);
  f.order();
  BOOST_TEST(first.text == "reached");
  BOOST_TEST(second.text == "");
  BOOST_TEST(f.barriers() == 1U);
  f.order();
  BOOST_TEST(second.text == "reached");
  BOOST_TEST(third.text == "reached");
  BOOST_TEST(f.barriers() == 0U);
}

BOOST_AUTO_TEST_CASE(no_further_barrier_is_sent_for_readers_that_have_left) {
  Fixture f;
  Reader first, second;
  f.wait_for_barrier(first);
  f.wait_for_barrier(second);
  second.leave();
  f.order();
  BOOST_TEST(f.barriers() == 0U);
}

BOOST_AUTO_TEST_CASE(a_barrier_that_the_bus_does_not_take_is_said_at_once) {
  Fixture f;
  Reader reader;
  for (auto answer : {PublishResult::away, PublishResult::full}) {
    f.bus.answer = answer;
    BOOST_TEST((f.view.await_barrier(reader) == answer));
  }
  BOOST_TEST(reader.text == "");
  f.bus.answer = PublishResult::accepted;
  f.wait_for_barrier(reader);
}

BOOST_AUTO_TEST_CASE(behind_a_barrier_that_is_stuck_because_the_bus_is_away_nobody_waits) {
  Fixture f;
  Reader first, second;
  f.wait_for_barrier(first);
  f.bus_up(false);
  BOOST_TEST((f.view.await_barrier(second) == PublishResult::away));
  f.bus_up(true);
  f.wait_for_barrier(second);
  f.order();
  BOOST_TEST(first.text == "reached");
}

BOOST_AUTO_TEST_CASE(those_in_line_for_a_barrier_that_the_bus_does_not_take_then_are_told) {
  Fixture f;
  Reader first, second, third;
  f.wait_for_barrier(first);
  f.wait_for_barrier(second);
  f.bus.answer = PublishResult::full;
  f.order();
  BOOST_TEST(first.text == "reached");
  BOOST_TEST(second.text == "full");
  f.bus.answer = PublishResult::accepted;
  f.wait_for_barrier(third);
  f.order();
  BOOST_TEST(third.text == "reached");
}

BOOST_AUTO_TEST_CASE(a_barrier_that_the_bus_has_lost_is_no_proof) {
  Fixture f;
  Reader reader;
  for (auto how : {Ending::How::failed, Ending::How::unknown}) {
    f.wait_for_barrier(reader);
    Ticket ticket = f.bus.published.back().second;
    f.bus.published.clear();
    f.end(ticket, how);
  }
  BOOST_TEST(reader.text == "awayaway");
}

BOOST_AUTO_TEST_CASE(a_barrier_counts_once_the_log_has_confirmed_it) {
  Fixture f;
  Reader reader;
  f.wait_for_barrier(reader);
  Ticket ticket = f.bus.published.back().second;
  f.order_unconfirmed();
  BOOST_TEST(reader.text == "");
  f.end(ticket, Ending::How::confirmed);
  BOOST_TEST(reader.text == "reached");
}

BOOST_AUTO_TEST_CASE(a_full_disk_does_not_keep_a_barrier_from_passing) {
  TemporaryDirectory directory;
  StoreFixture f(kept_in(directory));
  f.load();
  Reader reader;
  f.submit(put("a", "1"));
  BOOST_TEST((f.view.await_barrier(reader) == PublishResult::accepted));
  f.files.on_write = [] { throw_error(ENOSPC); };
  f.order();
  BOOST_TEST(f.told.text == "0:no_room ");
  BOOST_TEST(reader.text == "reached");
}

BOOST_AUTO_TEST_CASE(when_the_store_stops_all_are_told) {
  Fixture f;
  Reader by_revision, by_barrier, in_line;
  f.view.await(Revision{7}, by_revision);
  f.wait_for_barrier(by_barrier);
  f.wait_for_barrier(in_line);
  f.stop();
  BOOST_TEST(by_revision.text == "away");
  BOOST_TEST(by_barrier.text == "away");
  BOOST_TEST(in_line.text == "away");
}

BOOST_AUTO_TEST_CASE(threads_wait_for_barriers_of_their_own) {
  StoreFixture f;
  View other(f.store, f.io.get_executor(), 1, 1 << 20);
  StopFirst stop{f};
  f.store.attach(other);
  f.load();
  Reader here, there;
  BOOST_TEST((f.view.await_barrier(here) == PublishResult::accepted));
  BOOST_TEST((other.await_barrier(there) == PublishResult::accepted));
  BOOST_TEST(f.bus.published.size() == 2U);
  f.order();
  BOOST_TEST(here.text == "reached");
  BOOST_TEST(there.text == "reached");
}

BOOST_AUTO_TEST_SUITE_END()
