// What a state holds beside its keys (answers, tombstones, deadlines) survives restarts from the journal and from a
// snapshot, in the right order.
#include <boost/test/unit_test.hpp>

#include "kvs/store/answers.hpp"
#include "kvs/store/tombstone.hpp"
#include "store_fixture.hpp"

using namespace kvs;
using namespace kvs::test;
using std::chrono::milliseconds;

namespace {

Command keyed(Command command, std::string key) {
  command.request_key = std::move(key);
  command.payload = 1;
  return command;
}
Command put_for(std::string_view key, milliseconds ttl) {
  Command made = put(key, "v");
  made.ttl = ttl;
  return made;
}

// Restarts in the middle: from the journal alone, or from a snapshot.
struct Restarting {
  TemporaryDirectory directory;
  StoreOptions options = kept_in(directory);
  std::optional<StoreFixture> f;

  Restarting() { start(); }
  void start() {
    f.emplace(options);
    f->load();
  }
  void restart(bool snapshot) {
    f->stop();
    if (snapshot) f->store.write_last_snapshot({});
    f.reset();
    start();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger)

BOOST_AUTO_TEST_CASE(a_retry_after_a_restart_gets_the_first_verdict) {
  for (bool snapshot : {false, true}) {
    Restarting r;
    r.f->apply(keyed(put("a", "1"), "k"));
    r.f->apply(put("a", "2"));
    r.restart(snapshot);
    r.f->submit(keyed(put("a", "1"), "k"));
    r.f->order();
    BOOST_TEST(r.f->told.text == "0:applied@1 ");
    BOOST_TEST(r.f->told.verdicts[0].replayed);
    BOOST_TEST(r.f->state() == "a=2@2 ");
  }
}

BOOST_AUTO_TEST_CASE(an_answer_that_came_with_no_change_is_kept_too_and_moves_no_revision) {
  for (bool snapshot : {false, true}) {
    Restarting r;
    r.f->apply(put("a", "1"));
    r.f->apply(keyed(put("a", "2", {must_be_absent()}), "k"));
    BOOST_TEST((r.f->view.state().revision() == Revision{1}));
    BOOST_TEST((r.f->view.state().place() == Revision{2}));
    r.restart(snapshot);
    BOOST_TEST((r.f->view.state().revision() == Revision{1}));
    BOOST_TEST((r.f->bus.started.revision == Revision{2}));  // the place is taken
    r.f->apply(drop("a"));
    r.f->submit(keyed(put("a", "2", {must_be_absent()}), "k"));
    r.f->order();
    BOOST_TEST((r.f->told.verdicts.at(0).outcome == Verdict::Outcome::refused));
  }
}

BOOST_AUTO_TEST_CASE(watchers_see_nothing_of_answers) {
  Restarting r;
  r.f->apply(keyed(put("a", "1"), "k1"));
  r.f->apply(keyed(put("a", "2", {must_be_absent()}), "k2"));
  r.f->apply(put("b", "3"));
  Watch live(r.f->view, {}, no_revision);
  std::string seen;
  while (live.cursor() < Revision{3}) seen += text(run(r.f->io, live.next(far_off(), all_bytes)));
  BOOST_TEST(seen == "a=1@1 b=3@3 ");
  r.restart(false);
  Watch old(r.f->view, {}, no_revision);
  seen.clear();
  while (old.cursor() < Revision{3}) seen += text(run(r.f->io, old.next(far_off(), all_bytes)));
  BOOST_TEST(seen == "a=1@1 b=3@3 ");
}

BOOST_AUTO_TEST_CASE(tombstones_are_there_after_a_restart) {
  for (bool snapshot : {false, true}) {
    Restarting r;
    r.f->apply(put("a", "1"));
    r.f->apply(drop("a"));
    r.restart(snapshot);
    auto cursor = r.f->view.state().tombstones_after(Revision{1});
    BOOST_REQUIRE(cursor.get() != nullptr);
    BOOST_TEST(read_tombstone(*cursor.get()).key == "a");
  }
}

BOOST_AUTO_TEST_CASE(a_snapshot_says_from_where_on_tombstones_are_complete) {
  Restarting r;
  r.f->stop();
  r.options.state.tombstones = 1;
  r.f.reset();
  r.start();
  for (const char* key : {"a", "b"}) {
    r.f->apply(put(key, "1"));
    r.f->apply(drop(key));
  }
  r.restart(true);
  BOOST_TEST((r.f->view.state().oldest_tombstone() == Revision{2}));
}

BOOST_AUTO_TEST_CASE(deadlines_are_there_after_a_restart) {
  for (bool snapshot : {false, true}) {
    Restarting r;
    r.f->apply(put_for("a", milliseconds{24 * 3600 * 1000}));
    auto deadline = r.f->view.state().find("a")->expires();
    BOOST_REQUIRE(deadline.has_value());
    r.restart(snapshot);
    BOOST_TEST((r.f->view.state().find("a")->expires() == deadline));
    BOOST_TEST(r.f->view.state().find("a")->value() == "v");
  }
}

BOOST_AUTO_TEST_CASE(a_store_that_keeps_no_digest_and_one_that_does_take_each_others_snapshots) {
  Restarting r;
  r.f->apply(keyed(put("a", "1"), "k"));
  auto digest = r.f->view.state().digest();
  r.options.state.digests = false;
  r.restart(true);
  BOOST_TEST(r.f->view.state().digest() == 0);
  r.f->apply(put("b", "2"));
  r.f->apply(drop("b"));
  BOOST_TEST(r.f->view.state().digest() == 0);
  r.options.state.digests = true;
  r.restart(true);
  BOOST_TEST(r.f->view.state().digest() == digest);
}

BOOST_AUTO_TEST_CASE(the_digest_is_the_same_after_a_restart) {
  for (bool snapshot : {false, true}) {
    Restarting r;
    r.f->apply(keyed(put_for("a", milliseconds{1'000'000}), "k"));
    r.f->apply(put("b", "2"));
    r.f->apply(drop("b"));
    auto digest = r.f->view.state().digest();
    r.restart(snapshot);
    BOOST_TEST(r.f->view.state().digest() == digest);
  }
}

BOOST_AUTO_TEST_CASE(tombstones_give_way_where_memory_is_short) {
  StateLimits limits;
  limits.memory = 400;
  StateEditor editor(State{}, limits);
  auto bury = [&](std::string_view key, std::uint64_t revision) {
    auto record = Record::make(key, std::string_view{});
    record->stamp(Revision{revision}, Revision{1}, 1, LogTime{});
    editor.bury(make_tombstone({Op::remove, record, {}}));
  };
  bury("a", 1);
  bury("b", 2);
  BOOST_TEST(editor.state().tombstones() == 2U);
  BOOST_TEST((editor.state().oldest_tombstone() == no_revision));
  for (std::uint64_t revision = 3; revision < 100; ++revision) bury("c", revision);
  BOOST_TEST(editor.state().footprint() <= 400U);
  BOOST_TEST(editor.state().tombstones() >= 2U);
  std::size_t left = editor.state().tombstones();
  BOOST_TEST((editor.state().oldest_tombstone() == Revision{99 - left}));
  editor.put(Record::make("large", std::string(1000, 'x')));
  BOOST_TEST(editor.state().tombstones() == 0U);
  BOOST_TEST((editor.state().oldest_tombstone() == Revision{99}));
  BOOST_TEST(editor.state().footprint() == editor.state().needed());
}

// After a restore from a snapshot: what was deleted between it and the new history's beginning nobody knows.
BOOST_AUTO_TEST_CASE(what_is_not_known_stays_so_when_older_tombstones_go) {
  StateLimits limits;
  limits.tombstones = 2;
  StateEditor editor(State{}, limits);
  auto bury = [&](std::uint64_t revision) {
    auto record = Record::make("a", std::string_view{});
    record->stamp(Revision{revision}, Revision{1}, 1, LogTime{});
    editor.bury(make_tombstone({Op::remove, record, {}}));
  };
  bury(1);
  bury(2);
  editor.forget_tombstones(Revision{100});
  bury(101);
  BOOST_TEST(editor.state().tombstones() == 2U);
  BOOST_TEST((editor.state().oldest_tombstone() == Revision{100}));
  editor.drop_tombstones(Revision{200});
  BOOST_TEST(editor.state().tombstones() == 0U);
  BOOST_TEST((editor.state().oldest_tombstone() == Revision{200}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_loaded_with_all_its_answers_whatever_the_window_is_now) {
  Restarting r;
  for (const char* key : {"j", "k"}) r.f->apply(keyed(put(key, "1"), key));
  auto digest = r.f->view.state().digest();
  r.options.state.answers = 1;
  r.restart(true);
  BOOST_TEST(r.f->view.state().digest() == digest);
  r.f->apply(keyed(put("l", "1"), "l"));
  std::size_t left = 0;
  for (auto cursor = r.f->view.state().answers(); cursor.get() != nullptr; cursor.next()) ++left;
  BOOST_TEST(left == 1U);
}

BOOST_AUTO_TEST_CASE(a_remembered_answer_says_what_became_of_its_request) {
  StoreFixture f;
  f.load();
  f.apply(keyed(put("a", "1"), "created"));
  f.apply(keyed(put("a", "2", {must_be_absent()}), "refused"));
  Command touch = put("b", {});
  touch.kind = Command::Kind::touch;
  f.apply(keyed(std::move(touch), "missing"));
  const State& state = f.view.state();
  auto created = remembered(*state.answer("created"));
  BOOST_TEST((created->outcome == Verdict::Outcome::applied));
  BOOST_TEST(created->created);
  BOOST_TEST((created->revision == Revision{1}));
  auto refused = remembered(*state.answer("refused"));
  BOOST_TEST((refused->outcome == Verdict::Outcome::refused));
  BOOST_TEST(!refused->created);
  auto missing = remembered(*state.answer("missing"));
  BOOST_TEST((missing->outcome == Verdict::Outcome::nothing));
  BOOST_TEST(missing->missing);
  BOOST_TEST(!remembered(*Record::make("cut", std::string_view("short"))).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
