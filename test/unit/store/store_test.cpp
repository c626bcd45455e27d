#include "kvs/store/store.hpp"

#include <boost/test/unit_test.hpp>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture {
  TemporaryDirectory directory;
  StoreFixture f{kept_in(directory)};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(store)

BOOST_AUTO_TEST_CASE(a_new_store_is_empty_and_ready) {
  Fixture x;
  BOOST_TEST((x.f.store.phase() == Phase::starting));
  x.f.load();
  BOOST_TEST((x.f.store.phase() == Phase::ready));
  BOOST_TEST(x.f.state() == "");
  BOOST_TEST(number(x.f.store.log_id()) != 0U);
}

BOOST_AUTO_TEST_CASE(a_batch_is_judged_in_order_each_command_against_the_one_before) {
  Fixture x;
  x.f.load().order(commands(put("a", "1"), put("a", "2", {must_be_absent()}), drop("a"),
                            put("a", "4", {must_be_absent()}), put("b", "5"), put("b", "6", {must_be_absent()})));
  BOOST_TEST(x.f.state() == "a=4@4 b=5@5 ");
}

BOOST_AUTO_TEST_CASE(the_changes_of_a_batch_are_one_commit) {
  Fixture x;
  x.f.load().order(commands(put("a", "1"), put("b", "2"), drop("a")));
  Watch watch(x.f.view, {}, no_revision);
  Step step = run(x.f.io, watch.next(far_off(), all_bytes));
  BOOST_TEST(step.commits.size() == 1U);
  BOOST_TEST(text(step) == "a=1@1 b=2@2 a-@3 ");
}

BOOST_AUTO_TEST_CASE(the_state_has_the_revision_and_time_of_its_newest_change) {
  Fixture x;
  x.f.load().order(commands(put("a", "1"), put("b", "2"), drop("c")));
  BOOST_TEST((x.f.view.state().revision() == Revision{2}));
  BOOST_TEST((x.f.view.state().time() == LogTime{std::chrono::milliseconds(2000)}));
}

BOOST_AUTO_TEST_CASE(a_batch_without_changes_is_no_commit) {
  Fixture x;
  x.f.load().order(commands(drop("a"), drop("b")));
  BOOST_TEST((x.f.view.history().newest() == no_revision));
  x.f.apply(put("a", "1"));
  BOOST_TEST(x.f.state() == "a=1@3 ");
}

BOOST_AUTO_TEST_CASE(a_state_that_is_held_does_not_change) {
  Fixture x;
  x.f.load().apply(put("a", "1"));
  State held = x.f.view.state();
  x.f.apply(put("a", "2"));
  BOOST_TEST(text(held) == "a=1@1 ");
  BOOST_TEST(x.f.state() == "a=2@2 ");
}

BOOST_AUTO_TEST_CASE(everything_is_there_again_after_a_restart) {
  TemporaryDirectory directory;
  LogId log_id;
  {
    StoreFixture before(kept_in(directory));
    before.load().order(commands(put("a", "1"), put("b", "2"), put("a", "3"), drop("b")));
    log_id = before.store.log_id();
  }
  StoreFixture after(kept_in(directory));
  after.load();
  BOOST_TEST(after.state() == "a=3@3 ");
  BOOST_TEST((after.store.log_id() == log_id));
}

BOOST_AUTO_TEST_CASE(the_bus_goes_on_from_the_newest_applied_change) {
  TemporaryDirectory directory;
  {
    StoreFixture before(kept_in(directory));
    before.load().order(commands(put("a", "1"), put("b", "2")));
  }
  StoreFixture after(kept_in(directory));
  after.load();
  BOOST_TEST((after.bus.started.revision == Revision{2}));
  BOOST_TEST((after.bus.started.time == LogTime{std::chrono::milliseconds(2000)}));
  BOOST_TEST(after.bus.started.bookmark == "at 2");
  BOOST_TEST((after.bus.started.log_id == LogId{7}));
}

BOOST_AUTO_TEST_CASE(an_ephemeral_store_keeps_nothing) {
  {
    StoreFixture before;
    before.load().apply(put("a", "1"));
    BOOST_TEST(before.state() == "a=1@1 ");
  }
  StoreFixture after;
  after.load();
  BOOST_TEST(after.state() == "");
  BOOST_TEST(!after.bus.started.log_id.has_value());
}

BOOST_AUTO_TEST_CASE(an_ephemeral_store_writes_no_file) {
  StoreFixture f;
  int writes = 0;
  f.files.on_write = [&] { ++writes; };
  f.load().apply(put("a", "1"));
  f.store.write_last_snapshot({});
  BOOST_TEST(writes == 0);
}

BOOST_AUTO_TEST_CASE(an_ephemeral_stores_history_reaches_as_far_back_as_its_memory) {
  StoreFixture f({}, 1);
  f.load().apply(put("a", "1"));
  f.apply(put("b", "2"));
  BOOST_TEST((f.store.oldest(f.view) == Revision{1}));
}

// Else an interval would go by without a sync, and keys would stay, for as long as there is much to write.
BOOST_AUTO_TEST_CASE(others_of_the_writers_thread_have_their_turn_also_if_there_is_always_a_next_batch) {
  constexpr std::uint64_t many = 100;
  StoreFixture f;
  f.load();
  for (std::uint64_t place = 1; place <= many; ++place) {
    Batch batch;
    batch.commands.push_back({Revision{place}, LogTime{}, put("a", "v"), {}});
    f.bus.give(std::move(batch));
  }
  Revision seen{many};
  asio::post(f.io, [&] { seen = f.view.state().revision(); });
  settle(f.io);
  BOOST_TEST(number(seen) < many / 2);
  BOOST_TEST(number(f.view.state().revision()) == many);
}

BOOST_AUTO_TEST_CASE(a_stopped_store_settles_what_it_accepted_and_drains_its_views) {
  Fixture x;
  x.f.load();
  x.f.submit(put("a", "1"));
  x.f.store.stop();
  x.f.order();
  settle(x.f.io);
  BOOST_TEST(x.f.told.text == "0:applied@1 ");
  BOOST_TEST((x.f.store.phase() == Phase::stopped));
  BOOST_TEST(x.f.view.draining());
  BOOST_TEST(!x.f.running);
}

BOOST_AUTO_TEST_CASE(a_stopped_store_accepts_nothing) {
  Fixture x;
  x.f.load().stop();
  BOOST_TEST((x.f.store.publish(put("a", "1"), {}) == PublishResult::away));
  BOOST_TEST(x.f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(a_store_that_is_stopped_while_it_loads_loads_no_further_and_leaves_all_as_it_was) {
  TemporaryDirectory directory;
  {
    StoreFixture before(kept_in(directory));
    before.load().order(commands(put("a", "1"), put("b", "2")));
  }
  {
    StoreFixture stopped(kept_in(directory));
    stopped.files.on_open_to_read = [&] { stopped.store.stop(); };
    BOOST_CHECK_THROW(stopped.store.load(stopped.io.get_executor()), LoadStopped);
    BOOST_TEST((stopped.store.phase() == Phase::starting));
    stopped.store.write_last_snapshot({});
  }
  StoreFixture after(kept_in(directory));
  after.load();
  BOOST_TEST(after.state() == "a=1@1 b=2@2 ");
}

BOOST_AUTO_TEST_CASE(the_last_snapshot_makes_the_next_start_quick) {
  TemporaryDirectory directory;
  {
    StoreFixture before(kept_in(directory));
    before.load().order(commands(put("a", "1"), put("b", "2")));
    before.stop();
    before.store.write_last_snapshot({});
  }
  BOOST_TEST(std::filesystem::exists(directory.path() / "snapshot-0000000000000002"));
  StoreFixture after(kept_in(directory));
  after.load();
  BOOST_TEST(after.state() == "a=1@1 b=2@2 ");
}

BOOST_AUTO_TEST_CASE(a_last_snapshot_that_is_there_already_does_not_drive_out_the_one_before_it) {
  TemporaryDirectory directory;
  for (auto key : {"a", "b"}) {
    StoreFixture f(kept_in(directory));
    f.load().apply(put(key, "1"));
    f.stop();
    f.store.write_last_snapshot({});
  }
  StoreFixture idle(kept_in(directory));
  idle.load().stop();
  idle.store.write_last_snapshot({});
  BOOST_TEST(std::filesystem::exists(directory.path() / "snapshot-0000000000000001"));
  BOOST_TEST(std::filesystem::exists(directory.path() / "snapshot-0000000000000002"));
}

BOOST_AUTO_TEST_SUITE_END()
