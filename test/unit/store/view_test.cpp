// The writes of a view, and the verdicts that come back to it.
#include "kvs/store/view.hpp"

#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

BOOST_AUTO_TEST_SUITE(view)

BOOST_AUTO_TEST_CASE(a_view_is_ready_once_it_knows_what_was_loaded) {
  StoreFixture f;
  BOOST_TEST(!f.view.ready());
  f.load();
  BOOST_TEST(f.view.ready());
}

BOOST_AUTO_TEST_CASE(a_write_is_settled_once_with_its_index_and_verdict) {
  StoreFixture f;
  f.load().submit(put("a", "1"), 7);
  BOOST_TEST(f.told.text == "");
  f.order();
  BOOST_TEST(f.told.text == "7:applied@1 ");
}

BOOST_AUTO_TEST_CASE(writes_of_one_batch_are_settled_in_their_order) {
  StoreFixture f;
  f.load();
  f.submit(put("a", "1"), 0);
  f.submit(put("a", "2", {must_be_absent()}), 1);
  f.submit(drop("b"), 2);
  f.submit(drop("a"), 3);
  f.order();
  BOOST_TEST(f.told.text == "0:applied@1 1:refused 2:nothing@1 3:applied@4 ");
}

BOOST_AUTO_TEST_CASE(a_refused_write_is_told_what_is_there) {
  StoreFixture f;
  f.load();
  f.apply(put("a", "1"));
  f.submit(put("a", "2", {must_be_absent()}));
  f.order();
  BOOST_TEST(f.told.verdicts.at(0).current->value() == "1");
}

BOOST_AUTO_TEST_CASE(a_creation_is_told_from_a_replacement) {
  StoreFixture f;
  f.load();
  f.submit(put("a", "1"));
  f.submit(put("a", "2"));
  f.order();
  BOOST_TEST(f.told.verdicts.at(0).created);
  BOOST_TEST(!f.told.verdicts.at(1).created);
}

BOOST_AUTO_TEST_CASE(an_abandoned_write_is_not_settled_but_takes_effect) {
  StoreFixture f;
  f.load();
  Ticket ticket = f.submit(put("a", "1"));
  f.view.abandon(ticket);
  f.order();
  BOOST_TEST(f.told.text == "");
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(the_verdict_on_an_abandoned_write_is_not_taken_for_that_on_a_later_one) {
  StoreFixture f;
  f.load();
  f.view.abandon(f.submit(put("a", "1"), 1));
  Ticket later = f.submit(put("b", "2"), 2);
  BOOST_TEST(later.slot == 0U);  // the same slot again
  f.order();
  BOOST_TEST(f.told.text == "2:applied@2 ");
}

BOOST_AUTO_TEST_CASE(abandoning_a_settled_write_does_nothing) {
  StoreFixture f;
  f.load();
  Ticket ticket = f.submit(put("a", "1"), 1);
  f.order();
  f.view.abandon(ticket);
  f.submit(put("b", "2"), 2);
  f.view.abandon(ticket);
  f.order();
  BOOST_TEST(f.told.text == "1:applied@1 2:applied@2 ");
}

BOOST_AUTO_TEST_CASE(abandoning_twice_does_nothing_more) {
  StoreFixture f;
  f.load();
  Ticket ticket = f.submit(put("a", "1"), 1);
  f.view.abandon(ticket);
  f.view.abandon(ticket);
  f.submit(put("b", "2"), 2);
  f.submit(put("c", "3"), 3);
  f.order();
  BOOST_TEST(f.told.text == "2:applied@2 3:applied@3 ");
}

BOOST_AUTO_TEST_CASE(a_write_that_the_bus_does_not_accept_is_never_settled) {
  StoreFixture f;
  f.load();
  for (auto answer : {PublishResult::full, PublishResult::away}) {
    f.bus.answer = answer;
    Ticket ticket;
    BOOST_TEST((f.view.submit(put("a", "1"), f.told, 0, ticket) == answer));
  }
  f.bus.answer = PublishResult::accepted;
  f.submit(put("b", "2"), 2);
  f.order();
  BOOST_TEST(f.told.text == "2:applied@1 ");
}

BOOST_AUTO_TEST_CASE(a_write_before_the_data_is_loaded_is_not_accepted) {
  StoreFixture f;
  Ticket ticket;
  BOOST_TEST((f.view.submit(put("a", "1"), f.told, 0, ticket) == PublishResult::away));
  BOOST_TEST(f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(a_lost_write_ends_as_the_bus_says) {
  StoreFixture f;
  f.load();
  Ticket failed = f.submit(put("a", "1"), 1), unknown = f.submit(put("b", "2"), 2);
  f.bus.published.clear();
  f.order({}, {{failed, Ending::How::failed, "r1"}, {unknown, Ending::How::unknown, "r2"}});
  BOOST_TEST(f.told.text == "1:failed 2:unknown ");
  BOOST_TEST(f.state() == "");
}

BOOST_AUTO_TEST_CASE(a_lost_write_of_nobody_here_is_stepped_over) {
  StoreFixture f;
  f.load().order(commands(put("a", "1")), {{Ticket{}, Ending::How::failed, {}}});
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(each_view_is_told_of_its_own_writes_and_of_every_commit) {
  StoreFixture f;
  View other(f.store, f.io.get_executor(), 1, 1 << 20);
  StopFirst stop{f};
  f.store.attach(other);
  f.load();
  Told told_there;
  Ticket ticket;
  other.submit(put("b", "2"), told_there, 5, ticket);
  f.submit(put("a", "1"), 4);
  f.order();
  BOOST_TEST(told_there.text == "5:applied@1 ");
  BOOST_TEST(f.told.text == "4:applied@2 ");
  BOOST_TEST((other.history().newest() == Revision{2}));
  BOOST_TEST((f.view.history().newest() == Revision{2}));
}

BOOST_AUTO_TEST_SUITE_END()
