#include "kvs/store/expiry.hpp"

#include <boost/test/unit_test.hpp>

#include "changes.hpp"
#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;
using std::chrono::milliseconds;

namespace {

constexpr LogTime at(std::int64_t ms) { return LogTime{milliseconds(ms)}; }

Change set_until(std::uint64_t revision, std::string_view key, LogTime deadline) {
  auto record = Record::make_expiring(key, 0);
  record->stamp(Revision{revision}, Revision{revision}, 1, LogTime{}, deadline);
  return {Op::set, record, {}};
}

std::string keys(const std::vector<RecordRef>& records) {
  std::string all;
  for (const RecordRef& record : records) all += std::string(record->key()) + ' ';
  return all;
}

Command put_for(std::string_view key, milliseconds ttl) {
  Command made = put(key, "v");
  made.ttl = ttl;
  return made;
}

// A store whose wall clock the test sets.
struct Timed {
  LogTime now = at(0);
  StoreFixture f{[this] {
    StoreOptions options;
    options.wall_clock = [this] { return now; };
    return options;
  }()};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(expiry)

BOOST_AUTO_TEST_CASE(what_is_due_is_given_in_the_order_of_the_deadlines) {
  Expiry expiry;
  expiry.note(set_until(1, "late", at(3000)), true);
  expiry.note(set_until(2, "soon", at(1000)), true);
  expiry.note(set_until(3, "next", at(2000)), true);
  BOOST_TEST((expiry.next() == at(1000)));
  BOOST_TEST(keys(expiry.due(at(2000))) == "soon next ");
}

BOOST_AUTO_TEST_CASE(a_write_of_another_instance_is_left_to_that_one_for_a_while) {
  Expiry expiry;
  expiry.note(set_until(1, "a", at(1000)), false);
  BOOST_TEST(keys(expiry.due(at(1000))) == "");
  BOOST_TEST(keys(expiry.due(at(1000) + Expiry::others_wait)) == "a ");
}

BOOST_AUTO_TEST_CASE(what_was_proposed_is_proposed_again_after_a_while) {
  Expiry expiry;
  expiry.note(set_until(1, "a", at(1000)), true);
  expiry.due(at(1000));
  BOOST_TEST(keys(expiry.due(at(1001))) == "");
  BOOST_TEST(keys(expiry.due(at(1000) + Expiry::again_after)) == "a ");
}

BOOST_AUTO_TEST_CASE(a_key_that_was_set_again_or_removed_is_not_due) {
  Expiry expiry;
  expiry.note(set_until(1, "a", at(1000)), true);
  expiry.note(set_until(2, "b", at(1000)), true);
  expiry.note(set(3, "a", "for ever"), true);
  expiry.note(removed(4, "b"), true);
  BOOST_TEST(!expiry.next().has_value());
  BOOST_TEST(expiry.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_key_whose_deadline_moves_is_held_once) {
  Expiry expiry;
  for (std::uint64_t revision = 1; revision <= 100; ++revision)
    expiry.note(set_until(revision, "a", at(static_cast<std::int64_t>(1000 * revision))), true);
  BOOST_TEST(expiry.size() == 1U);
  BOOST_TEST((expiry.next() == at(100'000)));
}

BOOST_AUTO_TEST_CASE(the_store_proposes_to_expire_what_is_due_and_nothing_else) {
  Timed t;
  t.f.load();
  t.now = at(1000);
  t.f.submit(put_for("a", milliseconds{500}));
  t.f.order();  // log time 1000: due at 1500
  BOOST_TEST(t.f.bus.published.empty());
  t.now = at(1500);
  t.f.submit(put_for("b", milliseconds{1}));
  t.f.order();  // log time 2000: due at 2001, but it ends the wait
  drive(t.f.io, [&] { return !t.f.bus.published.empty(); });
  BOOST_REQUIRE(t.f.bus.published.size() == 1U);
  const Command& proposal = t.f.bus.published[0].first;
  BOOST_TEST((proposal.kind == Command::Kind::expire));
  BOOST_TEST(proposal.record->key() == "a");
  t.f.order();
  BOOST_TEST(t.f.state() == "b=v@2 ");
}

// A million of them, after a long stop perhaps, must not fill the order for a long time.
BOOST_AUTO_TEST_CASE(of_many_that_are_due_the_next_are_proposed_when_those_before_have_come_by) {
  Timed t;
  t.f.load();
  std::vector<Command> all;
  for (std::size_t n = 0; n < 2 * Expiry::most_at_once + 1; ++n)
    all.push_back(put_for("key" + std::to_string(n), milliseconds{1}));
  t.now = at(100'000'000);
  t.f.order(std::move(all));
  for (std::size_t wanted : {Expiry::most_at_once, Expiry::most_at_once, std::size_t{1}}) {
    BOOST_TEST(t.f.bus.published.size() == wanted);
    t.f.order();
  }
  BOOST_TEST(t.f.bus.published.empty());
  BOOST_TEST(t.f.state() == "");
}

// A place on disk for each would cost more than the keys do.
BOOST_AUTO_TEST_CASE(those_that_are_due_one_after_the_other_go_together) {
  Timed t;
  t.f.load();
  t.now = at(2499);
  t.f.submit(put_for("a", milliseconds{1500}));  // at log time 1000: due at 2500
  t.f.submit(put_for("b", milliseconds{501}));   // at log time 2000: due at 2501
  t.f.submit(put_for("c", milliseconds{1}));     // at log time 3000: due at 3001
  t.f.order();
  auto begin = std::chrono::steady_clock::now();
  t.now = at(2500);
  drive(t.f.io, [&] { return !t.f.bus.published.empty(); });
  BOOST_TEST(t.f.bus.published.size() == 1U);
  t.now = at(3001);
  drive(t.f.io, [&] { return t.f.bus.published.size() != 1; });
  BOOST_TEST(t.f.bus.published.size() == 3U);
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= Expiry::between));
}

BOOST_AUTO_TEST_CASE(nothing_is_proposed_while_the_bus_is_away) {
  Timed t;
  t.f.load();
  t.f.apply(put_for("a", milliseconds{1}));
  t.f.bus_up(false);
  t.now = at(100'000);
  t.f.apply(put_for("b", milliseconds{1}));
  BOOST_TEST(t.f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(deadlines_are_known_again_after_a_restart) {
  TemporaryDirectory directory;
  {
    StoreFixture before(kept_in(directory));
    before.load().apply(put_for("a", milliseconds{500}));
  }
  StoreOptions options = kept_in(directory);
  options.wall_clock = [] { return at(100'000); };
  StoreFixture after(options);
  after.load();
  BOOST_REQUIRE(after.bus.published.size() == 1U);
  after.order();
  BOOST_TEST(after.state() == "");
}

BOOST_AUTO_TEST_SUITE_END()
