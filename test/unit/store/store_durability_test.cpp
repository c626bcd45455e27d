// What is seen before, while and after a batch becomes durable, or fails to.
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture {
  TemporaryDirectory directory;
  StoreFixture f;
  int syncs = 0;

  explicit Fixture(SyncPolicy sync = {}) : f(options(sync)) {
    f.load();
    f.files.on_sync = [this] { ++syncs; };
  }
  StoreOptions options(SyncPolicy sync) {
    StoreOptions made = kept_in(directory);
    made.sync = sync;
    return made;
  }
  void break_syncs() {
    f.files.on_sync = [] { throw_error(EIO); };
  }
  void fill_the_disk(int error = ENOSPC) {
    f.files.on_write = [error] { throw_error(error); };
  }
  void make_room() { f.files.on_write = nullptr; }
};

SyncPolicy policy(SyncPolicy::When when) { return {when, std::chrono::milliseconds(1)}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(store_durability)

BOOST_AUTO_TEST_CASE(a_batch_is_synced_once_however_many_commands_it_holds) {
  Fixture x;
  x.f.order(commands(put("a", "1"), put("b", "2"), put("c", "3"), drop("a")));
  BOOST_TEST(x.syncs == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_visible_settled_or_sent_before_it_is_durable) {
  Fixture x;
  x.f.submit(put("a", "1"));
  Watch watch(x.f.view, {}, no_revision);
  Task<Step> step(x.f.io, watch.next(far_off(), all_bytes));
  settle(x.f.io);
  bool looked = false;
  x.f.files.on_sync = [&] {
    looked = true;
    x.f.io.poll();  // whatever was posted by now arrives
    BOOST_TEST(x.f.state() == "");
    BOOST_TEST(x.f.told.text == "");
    BOOST_TEST((x.f.view.history().newest() == no_revision));
    BOOST_TEST((x.f.store.phase() == Phase::ready));
  };
  x.f.order();
  BOOST_TEST(looked);
  BOOST_TEST(x.f.state() == "a=1@1 ");
  BOOST_TEST(x.f.told.text == "0:applied@1 ");
  BOOST_TEST(text(step.get()) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(whoever_is_told_of_a_write_finds_it_in_the_state) {
  Fixture x;
  struct Looking final : Settler {
    View& view;
    std::string seen;
    explicit Looking(View& view) : view(view) {}
    void settle(std::uint32_t, Verdict&&) override { seen = text(view.state()); }
  } looking(x.f.view);
  Ticket ticket;
  x.f.view.submit(put("a", "1"), looking, 0, ticket);
  x.f.order();
  BOOST_TEST(looking.seen == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_batch_without_changes_is_not_synced) {
  Fixture x;
  x.f.apply(drop("a"));
  BOOST_TEST(x.syncs == 0);
}

BOOST_AUTO_TEST_CASE(after_a_failed_sync_the_outcome_is_unknown_and_the_state_unchanged) {
  Fixture x;
  x.f.apply(put("a", "1"));
  x.break_syncs();
  x.f.submit(put("a", "2"), 0);
  x.f.submit(put("b", "3"), 1);
  x.f.order();
  BOOST_TEST(x.f.told.text == "0:unknown 1:unknown ");
  BOOST_TEST(x.f.state() == "a=1@1 ");
  BOOST_TEST((x.f.view.history().newest() == Revision{1}));
}

BOOST_AUTO_TEST_CASE(a_verdict_judged_against_what_was_not_made_durable_is_not_told) {
  Fixture x;
  x.break_syncs();
  x.f.submit(put("a", "1"), 0);
  x.f.submit(put("a", "2", {must_be_absent()}), 1);
  x.f.order();
  BOOST_TEST(x.f.told.text == "0:unknown 1:unknown ");
  BOOST_TEST(!x.f.told.verdicts.at(1).current);
}

BOOST_AUTO_TEST_CASE(after_a_failed_sync_no_more_writes_are_taken) {
  Fixture x;
  x.break_syncs();
  x.f.apply(put("a", "1"));
  BOOST_TEST((x.f.store.phase() == Phase::failed));
  BOOST_TEST(x.f.store.failure() != "");
  BOOST_TEST((x.f.store.publish(put("b", "2"), {}) == PublishResult::away));
}

BOOST_AUTO_TEST_CASE(a_write_that_was_on_its_way_when_a_sync_failed_has_certainly_failed) {
  Fixture x;
  x.f.submit(put("b", "2"));
  auto later = std::move(x.f.bus.published);
  x.f.bus.published.clear();
  x.break_syncs();
  x.f.apply(put("a", "1"));
  x.f.bus.published = std::move(later);
  x.f.order();
  BOOST_TEST(x.f.told.text == "0:failed ");
  BOOST_TEST(x.f.state() == "");
}

BOOST_AUTO_TEST_CASE(a_failed_sync_is_never_tried_again) {
  Fixture x;
  int syncs = 0;
  x.f.files.on_sync = [&] {
    ++syncs;
    throw_error(EIO);
  };
  x.f.apply(put("a", "1"));
  x.f.apply(put("b", "2"));
  x.f.stop();
  x.f.store.write_last_snapshot({});
  BOOST_TEST(syncs == 1);
}

BOOST_AUTO_TEST_CASE(a_failed_store_stays_failed_when_it_stops) {
  Fixture x;
  x.break_syncs();
  x.f.apply(put("a", "1"));
  x.f.stop();
  BOOST_TEST((x.f.store.phase() == Phase::failed));
  BOOST_TEST(!x.f.running);
}

BOOST_AUTO_TEST_CASE(reads_and_watches_go_on_after_a_failed_sync) {
  Fixture x;
  x.f.apply(put("a", "1"));
  x.break_syncs();
  x.f.apply(put("b", "2"));
  Watch watch(x.f.view, {}, no_revision);
  BOOST_TEST(text(run(x.f.io, watch.next(far_off(), all_bytes))) == "a=1@1 ");
  BOOST_TEST(x.f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_nothing_written_and_says_so) {
  Fixture x;
  x.f.apply(put("a", "1"));
  x.fill_the_disk();
  x.f.submit(put("a", "2"));
  x.f.order();
  BOOST_TEST(x.f.told.text == "0:no_room ");
  BOOST_TEST(x.f.state() == "a=1@1 ");
  BOOST_TEST((x.f.view.history().newest() == Revision{1}));
  BOOST_TEST((x.f.store.phase() == Phase::ready));
}

BOOST_AUTO_TEST_CASE(writes_work_again_when_there_is_room_again) {
  Fixture x;
  x.fill_the_disk();
  x.f.apply(put("a", "1"));
  x.make_room();
  x.f.submit(put("b", "2", {must_be_absent()}));
  x.f.order();
  BOOST_TEST(x.f.told.text == "0:applied@2 ");
  BOOST_TEST(x.f.state() == "b=2@2 ");
}

BOOST_AUTO_TEST_CASE(a_quota_and_a_limit_on_the_size_of_files_are_full_disks_too) {
  for (int error : {EDQUOT, EFBIG}) {
    Fixture x;
    x.fill_the_disk(error);
    x.f.submit(put("a", "1"));
    x.f.order();
    x.make_room();
    x.f.submit(put("b", "2"), 1);
    x.f.order();
    BOOST_TEST(x.f.told.text == "0:no_room 1:applied@2 ");
  }
}

BOOST_AUTO_TEST_CASE(what_there_was_no_room_for_is_not_there_after_a_restart) {
  Fixture x;
  x.f.apply(put("a", "1"));
  x.fill_the_disk();
  x.f.apply(put("b", "2"));
  x.make_room();
  x.f.apply(put("c", "3"));
  x.f.stop();
  StoreFixture copy;  // the directory is locked by the first: look at a copy of it
  TemporaryDirectory elsewhere;
  for (const auto& file : std::filesystem::directory_iterator(x.directory.path())) {
    std::filesystem::copy(file.path(), elsewhere.path() / file.path().filename());
  }
  StoreFixture after(kept_in(elsewhere));
  after.load();
  BOOST_TEST(after.state() == "a=1@1 c=3@3 ");
}

BOOST_AUTO_TEST_CASE(a_lost_write_ends_as_the_bus_says_also_when_the_batch_beside_it_finds_no_room) {
  Fixture x;
  Ticket lost = x.f.submit(put("a", "1"), 1);
  x.f.bus.published.clear();
  x.fill_the_disk();
  x.f.submit(put("b", "2"), 2);
  x.f.order({}, {{lost, Ending::How::unknown, "r1"}});
  BOOST_TEST(x.f.told.verdicts.size() == 2U);
  BOOST_TEST(x.f.told.text.find("1:unknown ") != std::string::npos);
  BOOST_TEST(x.f.told.text.find("2:no_room ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_sync_the_kernel_decides) {
  Fixture x(policy(SyncPolicy::When::never));
  x.f.submit(put("a", "1"));
  x.f.order();
  BOOST_TEST(x.f.told.text == "0:applied@1 ");
  BOOST_TEST(x.syncs == 0);
}

BOOST_AUTO_TEST_CASE(with_an_interval_a_write_is_answered_at_once_and_synced_soon) {
  Fixture x(policy(SyncPolicy::When::interval));
  x.f.submit(put("a", "1"));
  x.f.files.on_sync = [&] {
    BOOST_TEST(x.f.told.text == "0:applied@1 ");
    ++x.syncs;
  };
  x.f.order();
  drive(x.f.io, [&] { return x.syncs == 1; });
}

BOOST_AUTO_TEST_CASE(with_an_interval_a_failed_sync_ends_all_writing) {
  Fixture x(policy(SyncPolicy::When::interval));
  x.break_syncs();
  x.f.apply(put("a", "1"));
  drive(x.f.io, [&] { return x.f.store.phase() == Phase::failed; });
  BOOST_TEST((x.f.store.publish(put("b", "2"), {}) == PublishResult::away));
  BOOST_TEST(x.f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_SUITE_END()
