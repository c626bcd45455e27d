// What the store makes of a bus that several instances share: it confirms late, goes away, keeps the log itself.
#include <boost/test/unit_test.hpp>

#include "kvs/store/store.hpp"
#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

StoreOptions saying_digests() {
  StoreOptions options;
  options.digest_every = 3;
  return options;
}

// A digest command as another instance would have sent it.
Command digest(DigestClaim claim = {}) {
  Command made;
  made.kind = Command::Kind::digest;
  made.claim = claim;
  return made;
}

Command with_id(Command command, std::string id) {
  command.request_id = std::move(id);
  return command;
}

bool names(const std::exception& error, std::string_view what) {
  return std::string_view(error.what()).find(what) != std::string_view::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_bus)

BOOST_AUTO_TEST_CASE(what_is_not_confirmed_is_applied_but_not_answered) {
  StoreFixture f;
  Ticket ticket = f.load().submit(put("a", "1"));
  f.order_unconfirmed();
  BOOST_TEST(f.state() == "a=1@1 ");
  BOOST_TEST(f.told.text == "");
  f.end(ticket, Ending::How::confirmed);
  BOOST_TEST(f.told.text == "0:applied@1 ");
}

BOOST_AUTO_TEST_CASE(a_verdict_that_waited_for_its_confirmation_is_the_one_of_its_place) {
  StoreFixture f;
  f.load().apply(put("a", "1"));
  Ticket ticket = f.submit(put("a", "2", {must_be_absent()}));
  f.order_unconfirmed();
  f.apply(drop("a"));  // it would not be refused any more
  f.end(ticket, Ending::How::confirmed);
  BOOST_TEST(f.told.text == "0:refused ");
}

// With many keys the store looks ahead in a batch, where there may be commands without a key, too.
BOOST_AUTO_TEST_CASE(a_batch_on_many_keys_is_judged_as_one_on_few) {
  StoreFixture f;
  constexpr int many = 12'000;
  auto key = [](int i) { return "key:" + std::to_string(i); };
  std::vector<Command> sets, mixed;
  for (int i = 0; i < many; ++i) sets.push_back(put(key(i), "1"));
  f.load().order(std::move(sets));
  for (int i = 0; i < 100; ++i) {
    mixed.push_back(put(key(many - 50 + i), "2", {must_be_absent()}));  // of half of them
    mixed.push_back(i % 2 == 0 ? digest() : drop(key(i)));
  }
  f.order(std::move(mixed));
  BOOST_TEST(f.view.state().size() == many);  // 50 more, 50 less
  BOOST_TEST(f.view.state().find(key(many - 1))->value() == "1");
  BOOST_TEST(f.view.state().find(key(many + 49))->value() == "2");
  BOOST_TEST(f.view.state().find(key(99)) == nullptr);
}

BOOST_AUTO_TEST_CASE(what_came_by_and_may_not_stay_is_unknown) {
  StoreFixture f;
  Ticket ticket = f.load().submit(put("a", "1"));
  f.order_unconfirmed();
  f.end(ticket, Ending::How::unknown);
  BOOST_TEST(f.told.text == "0:unknown ");
}

BOOST_AUTO_TEST_CASE(the_store_is_ready_when_the_bus_is_first_up) {
  StoreFixture f;
  f.bus.is_up = false;
  f.load();
  BOOST_TEST((f.store.phase() == Phase::starting));
  f.apply(put("a", "1"));
  BOOST_TEST((f.store.phase() == Phase::starting));
  BOOST_TEST(!f.view.ready());
  f.bus_up(true);
  BOOST_TEST((f.store.phase() == Phase::ready));
  BOOST_TEST(f.view.ready());
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(nothing_is_published_before_the_store_is_ready) {
  StoreFixture f;
  f.bus.is_up = false;
  f.load();
  Ticket ticket;
  BOOST_TEST((f.view.submit(put("a", "1"), f.told, 0, ticket) == PublishResult::away));
}

BOOST_AUTO_TEST_CASE(a_watch_that_begins_when_the_store_is_ready_gets_what_comes_after) {
  StoreFixture f;
  f.bus.is_up = false;
  f.load().apply(put("a", "1"));
  f.bus_up(true);
  Watch watch(f.view, {}, Revision{1});
  f.apply(put("b", "2"));
  BOOST_TEST(text(run(f.io, watch.next(far_off(), all_bytes))) == "b=2@2 ");
}

BOOST_AUTO_TEST_CASE(its_threads_know_since_when_the_bus_is_away) {
  StoreFixture f;
  f.load();
  BOOST_TEST(!f.view.away_since().has_value());
  f.bus_up(false);
  BOOST_TEST(f.view.away_since().has_value());
  f.bus_up(true);
  BOOST_TEST(!f.view.away_since().has_value());
}

BOOST_AUTO_TEST_CASE(a_waiting_watch_is_woken_when_the_bus_goes) {
  StoreFixture f;
  f.load();
  Watch all(f.view, {}, no_revision);
  Filter only_a;
  only_a.keys = {"a"};
  Watch one(f.view, only_a, no_revision);
  Task<Step> first(f.io, all.next(far_off(), all_bytes)), second(f.io, one.next(far_off(), all_bytes));
  BOOST_TEST(!first.done());
  f.bus_up(false);
  BOOST_TEST(text(first.get()) == "interrupted");
  BOOST_TEST(text(second.get()) == "interrupted");
}

BOOST_AUTO_TEST_CASE(with_a_bus_that_keeps_the_log_a_full_disk_refuses_nothing) {
  TemporaryDirectory directory;
  {
    StoreFixture f(kept_in(directory));
    f.bus.keeps = true;
    f.load().apply(put("a", "1"));
    f.files.on_write = [] { throw_error(ENOSPC); };
    f.submit(put("b", "2"));
    f.order();
    BOOST_TEST(f.told.text == "0:applied@2 ");
    f.files.on_write = nullptr;
    f.apply(put("c", "3"));
    BOOST_TEST(f.state() == "a=1@1 b=2@2 c=3@3 ");
  }
  StoreFixture after(kept_in(directory));
  after.load();
  BOOST_TEST(after.state() == "a=1@1 ");  // without a gap: the rest is read from the bus again
  BOOST_TEST(after.bus.started.bookmark == "at 1");
}

BOOST_AUTO_TEST_CASE(every_so_many_commands_the_store_says_its_digest_of_the_place_it_said_one_before) {
  StoreFixture f(saying_digests());
  f.load().order(commands(put("a", "1"), put("b", "2"), put("c", "3")));
  BOOST_REQUIRE(f.bus.published.size() == 1U);
  BOOST_TEST((f.bus.published[0].first.kind == Command::Kind::digest));
  BOOST_TEST((f.bus.published[0].first.claim.at == no_revision));
  auto digest_of_three = f.view.state().digest();
  f.order();  // the digest command, at place 4
  f.order(commands(put("d", "4"), put("e", "5"), put("f", "6")));
  BOOST_REQUIRE(f.bus.published.size() == 1U);
  BOOST_TEST((f.bus.published[0].first.claim.at == Revision{4}));
  BOOST_TEST(f.bus.published[0].first.claim.value == digest_of_three);
}

BOOST_AUTO_TEST_CASE(equal_claims_change_nothing) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), digest()));
  auto digest_of_one = f.view.state().digest();
  f.order(commands(put("b", "2"), digest({Revision{2}, digest_of_one, no_revision})));
  BOOST_TEST(f.running);
}

BOOST_AUTO_TEST_CASE(another_digest_at_the_same_place_ends_the_store) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), digest()));
  BOOST_CHECK_EXCEPTION(f.order(commands(digest({Revision{2}, 12345, no_revision}))), Diverged,
                        [](const Diverged& error) { return names(error, "revision 2"); });
}

BOOST_AUTO_TEST_CASE(a_claim_of_a_place_nobody_remembers_is_not_compared) {
  StoreFixture f;
  f.load().order(commands(put("a", "1"), digest({Revision{900}, 12345, no_revision})));
  BOOST_TEST(f.running);
}

BOOST_AUTO_TEST_CASE(what_became_of_a_request_is_known_by_its_id) {
  StoreFixture f;
  f.load().order(commands(with_id(put("a", "1"), "r1"), with_id(put("a", "2", {must_be_absent()}), "r2"),
                          with_id(drop("nothing"), "r3")));
  auto applied = f.store.requests().find("r1");
  BOOST_REQUIRE(applied.has_value());
  BOOST_TEST((applied->outcome == Verdict::Outcome::applied));
  BOOST_TEST((applied->revision == Revision{1}));
  BOOST_TEST((f.store.requests().find("r2")->outcome == Verdict::Outcome::refused));
  BOOST_TEST((f.store.requests().find("r3")->outcome == Verdict::Outcome::nothing));
  BOOST_TEST(!f.store.requests().find("r4").has_value());
}

BOOST_AUTO_TEST_CASE(a_request_that_never_came_by_is_known_to_have_failed) {
  StoreFixture f;
  Ticket ticket = f.load().submit(put("a", "1"));
  f.bus.published.clear();
  f.order({}, {{ticket, Ending::How::failed, "r1"}});
  BOOST_TEST((f.store.requests().find("r1")->outcome == Verdict::Outcome::failed));
}

BOOST_AUTO_TEST_CASE(a_request_whose_batch_was_undone_for_want_of_room_is_not_said_to_be_applied) {
  TemporaryDirectory directory;
  StoreFixture f(kept_in(directory));
  f.load();
  f.files.on_write = [] { throw_error(ENOSPC); };
  f.apply(with_id(put("a", "1"), "r1"));
  BOOST_TEST((f.store.requests().find("r1")->outcome == Verdict::Outcome::no_room));
}

BOOST_AUTO_TEST_CASE(a_request_that_made_its_key_is_told_from_one_that_replaced_it) {
  StoreFixture f;
  f.load().order(commands(with_id(put("a", "1"), "r1"), with_id(put("a", "2"), "r2")));
  BOOST_TEST(f.store.requests().find("r1")->created);
  BOOST_TEST(!f.store.requests().find("r2")->created);
}

BOOST_AUTO_TEST_CASE(of_more_requests_than_are_remembered_the_oldest_are_forgotten) {
  RequestLog log(2);
  for (const char* id : {"a", "b", "c"}) log.note({id, {Verdict::Outcome::applied, Revision{1}}});
  BOOST_TEST(!log.find("a").has_value());
  BOOST_TEST(log.find("b").has_value());
  BOOST_TEST(log.find("c").has_value());
}

BOOST_AUTO_TEST_CASE(the_last_ten_thousand_requests_are_remembered) {
  RequestLog log;
  for (int n = 0; n <= 10'000; ++n) log.note({std::to_string(n), {Verdict::Outcome::applied, Revision{1}}});
  BOOST_TEST(!log.find("0").has_value());
  BOOST_TEST(log.find("1").has_value());
  BOOST_TEST(log.find("10000").has_value());
}

BOOST_AUTO_TEST_CASE(of_several_requests_with_one_id_the_last_counts_also_where_the_memory_begins_anew) {
  RequestLog log(3);
  for (std::uint64_t revision = 1; revision <= 8; ++revision) {
    log.note({"a", {Verdict::Outcome::applied, Revision{revision}}});
    BOOST_TEST((log.find("a")->revision == Revision{revision}));
    if (revision % 2 == 0) log.note({"b", {}});
  }
}

BOOST_AUTO_TEST_CASE(a_request_without_an_id_is_not_remembered) {
  RequestLog log(1);
  log.note({"a", {}});
  log.note({"", {}});
  BOOST_TEST(log.find("a").has_value());
  BOOST_TEST(!log.find("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
