// Touch, expiry, range deletes, transactions and remembered answers.
#include <boost/test/unit_test.hpp>

#include "changes.hpp"
#include "kvs/store/judge.hpp"
#include "kvs/store/tombstone.hpp"

using namespace kvs;
using namespace kvs::test;
using std::chrono::milliseconds;

namespace {

using Outcome = Verdict::Outcome;
using Kind = Command::Kind;
using StepKind = Transaction::Step::Kind;

constexpr LogTime at(std::int64_t ms) { return LogTime{milliseconds(ms)}; }

Command command(Kind kind, std::string_view key, std::string_view value = {}) {
  Command made;
  made.kind = kind;
  made.record = Record::make(key, value, kind == Kind::set ? "text/plain" : "");
  return made;
}
Command put(std::string_view key, std::string_view value) { return command(Kind::set, key, value); }
Command put_for(std::string_view key, milliseconds ttl) {
  Command made = put(key, "v");
  made.ttl = ttl;
  return made;
}
Command expire(std::string_view key, std::uint64_t revision) {
  Command made = command(Kind::expire, key);
  made.conditions.push_back({Condition::Kind::revision_in, {Revision{revision}}, {}});
  return made;
}
Command keyed(Command command, std::string key, std::uint64_t payload = 1) {
  command.request_key = std::move(key);
  command.payload = payload;
  return command;
}
Command must_be_absent(Command command) {
  command.conditions.push_back({Condition::Kind::absent, {}, {}});
  return command;
}

// Judges one command after the other, at places 1, 2, 3 … and log times of a second each, or as told.
struct Fixture {
  StateEditor state;
  Changes changes;
  Revision newest = no_revision;
  std::uint64_t place = 0;

  explicit Fixture(StateLimits limits = {}) : state(State{}, limits) {}
  Verdict judge(Command&& command) {
    return judge_at(at(static_cast<std::int64_t>(1000 * (place + 1))), std::move(command));
  }
  Verdict judge_at(LogTime time, Command&& command) {
    changes.clear();
    ++place;
    Verdict verdict = kvs::judge({Revision{place}, time, std::move(command), {}}, state, newest, changes);
    if (verdict.outcome == Outcome::applied && !verdict.replayed) newest = verdict.revision;
    return verdict;
  }
  std::string keys() { return text(state.state()); }
};

Transaction::Step step(StepKind kind, std::string_view key, std::string_view value = {}) {
  return {kind, Record::make(key, value), milliseconds{0}};
}
Command transaction(std::vector<Transaction::Check> checks, std::vector<Transaction::Step> then,
                    std::vector<Transaction::Step> otherwise = {}) {
  Command made;
  made.kind = Kind::transaction;
  made.transaction =
      std::make_unique<Transaction>(Transaction{std::move(checks), std::move(then), std::move(otherwise)});
  return made;
}
Transaction::Check absent(std::string key) { return {std::move(key), {Condition::Kind::absent, {}, {}}}; }

std::vector<Transaction::Step> steps(auto... each) {
  std::vector<Transaction::Step> all;
  (all.push_back(std::move(each)), ...);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(judge_kinds)

BOOST_AUTO_TEST_CASE(a_time_to_live_ends_so_long_after_the_log_time_of_the_set) {
  Fixture f;
  Verdict verdict = f.judge_at(at(5000), put_for("a", milliseconds{1500}));
  BOOST_TEST((verdict.expires == at(6500)));
  BOOST_TEST((f.state.find("a")->expires() == at(6500)));
  BOOST_TEST(f.state.find("a")->value() == "v");
  BOOST_TEST(f.state.find("a")->content_type() == "text/plain");
}

BOOST_AUTO_TEST_CASE(a_set_without_a_time_to_live_ends_the_one_before) {
  Fixture f;
  f.judge(put_for("a", milliseconds{1500}));
  f.judge(put("a", "2"));
  BOOST_TEST(!f.state.find("a")->expires().has_value());
}

BOOST_AUTO_TEST_CASE(a_key_expires_when_its_time_has_come_by_log_time) {
  Fixture f;
  f.judge_at(at(5000), put_for("a", milliseconds{1000}));
  BOOST_TEST((f.judge_at(at(5999), expire("a", 1)).outcome == Outcome::nothing));
  BOOST_TEST(f.keys() == "a=v@1 ");
  BOOST_TEST((f.judge_at(at(6000), expire("a", 1)).outcome == Outcome::applied));
  BOOST_TEST(f.keys() == "");
  BOOST_REQUIRE(f.changes.size() == 1U);
  BOOST_TEST((f.changes[0].op == Op::expire));
}

BOOST_AUTO_TEST_CASE(a_key_that_was_set_again_does_not_expire_by_an_old_proposal) {
  Fixture f;
  f.judge_at(at(5000), put_for("a", milliseconds{1000}));
  f.judge_at(at(5500), put_for("a", milliseconds{1000}));
  BOOST_TEST((f.judge_at(at(9000), expire("a", 1)).outcome == Outcome::refused));
  BOOST_TEST(f.keys() == "a=v@2 ");
}

BOOST_AUTO_TEST_CASE(of_two_proposals_one_wins) {
  Fixture f;
  f.judge_at(at(5000), put_for("a", milliseconds{1000}));
  f.judge_at(at(6000), expire("a", 1));
  f.judge_at(at(6001), expire("a", 1));
  BOOST_TEST(f.changes.empty());
}

BOOST_AUTO_TEST_CASE(a_key_without_a_deadline_never_expires) {
  Fixture f;
  f.judge(put("a", "1"));
  BOOST_TEST((f.judge_at(at(1'000'000), expire("a", 1)).outcome == Outcome::nothing));
}

BOOST_AUTO_TEST_CASE(a_touch_keeps_value_type_creation_and_version) {
  Fixture f;
  f.judge(put("a", "1"));
  Command touch = command(Kind::touch, "a");
  touch.ttl = milliseconds{500};
  Verdict verdict = f.judge_at(at(2000), std::move(touch));
  BOOST_TEST((verdict.outcome == Outcome::applied));
  BOOST_TEST((verdict.expires == at(2500)));
  const Record& record = *f.state.find("a");
  BOOST_TEST(record.value() == "1");
  BOOST_TEST(record.content_type() == "text/plain");
  BOOST_TEST((record.revision() == Revision{2}));
  BOOST_TEST((record.created_revision() == Revision{1}));
  BOOST_TEST(record.version() == 1U);
  BOOST_TEST((f.changes[0].op == Op::set));
}

BOOST_AUTO_TEST_CASE(a_touch_without_a_time_to_live_lets_the_key_stay) {
  Fixture f;
  f.judge(put_for("a", milliseconds{500}));
  f.judge(command(Kind::touch, "a"));
  BOOST_TEST(!f.state.find("a")->expires().has_value());
}

BOOST_AUTO_TEST_CASE(there_is_nothing_to_touch_where_no_key_is) {
  Fixture f;
  BOOST_TEST((f.judge(command(Kind::touch, "a")).outcome == Outcome::nothing));
}

BOOST_AUTO_TEST_CASE(a_range_delete_takes_all_keys_of_the_prefix_at_one_revision_in_key_order) {
  Fixture f;
  for (const char* key : {"b/2", "a", "b/1", "b", "c"}) f.judge(put(key, "1"));
  Verdict verdict = f.judge(command(Kind::remove_range, "b/"));
  BOOST_TEST(verdict.deleted == 2U);
  BOOST_TEST((verdict.revision == Revision{6}));
  BOOST_TEST(text(f.changes) == "b/1-@6 b/2-@6 ");
  BOOST_TEST(f.keys() == "a=1@2 b=1@4 c=1@5 ");
}

BOOST_AUTO_TEST_CASE(the_empty_prefix_is_everything) {
  Fixture f;
  f.judge(put("a", "1"));
  f.judge(put("\xff", "1"));
  BOOST_TEST(f.judge(command(Kind::remove_range, "")).deleted == 2U);
  BOOST_TEST(f.keys() == "");
}

BOOST_AUTO_TEST_CASE(a_range_delete_that_finds_nothing_is_nothing) {
  Fixture f;
  f.judge(put("a", "1"));
  Verdict verdict = f.judge(command(Kind::remove_range, "b"));
  BOOST_TEST((verdict.outcome == Outcome::nothing));
  BOOST_TEST((verdict.revision == Revision{1}));
}

BOOST_AUTO_TEST_CASE(a_transaction_whose_checks_hold_takes_its_first_way_at_one_revision) {
  Fixture f;
  f.judge(put("old", "1"));
  Verdict verdict =
      f.judge(transaction({absent("new")}, steps(step(StepKind::set, "new", "2"), step(StepKind::remove, "old"))));
  BOOST_TEST((verdict.outcome == Outcome::applied));
  BOOST_TEST(verdict.transaction->succeeded);
  BOOST_TEST(text(f.changes) == "new=2@2 old-@2 ");
  BOOST_TEST(f.keys() == "new=2@2 ");
  BOOST_TEST(verdict.transaction->results[0].done);
  BOOST_TEST(verdict.transaction->results[1].done);
}

BOOST_AUTO_TEST_CASE(a_transaction_of_which_one_check_does_not_hold_takes_the_other_way) {
  Fixture f;
  f.judge(put("a", "1"));
  Verdict verdict = f.judge(
      transaction({absent("b"), absent("a")}, steps(step(StepKind::set, "b", "2")), steps(step(StepKind::get, "a"))));
  BOOST_TEST((verdict.outcome == Outcome::nothing));
  BOOST_TEST((verdict.revision == Revision{1}));
  BOOST_TEST(!verdict.transaction->succeeded);
  BOOST_REQUIRE(verdict.transaction->results.size() == 1U);
  BOOST_TEST(verdict.transaction->results[0].found->value() == "1");
}

BOOST_AUTO_TEST_CASE(a_get_sees_the_steps_before_it) {
  Fixture f;
  Verdict verdict = f.judge(
      transaction({}, steps(step(StepKind::get, "a"), step(StepKind::set, "a", "1"), step(StepKind::get, "a"))));
  BOOST_TEST(!verdict.transaction->results[0].found);
  BOOST_TEST(verdict.transaction->results[2].found->value() == "1");
}

BOOST_AUTO_TEST_CASE(a_retry_gets_the_first_verdict_and_changes_nothing) {
  Fixture f;
  Verdict first = f.judge(keyed(put("a", "1"), "k"));
  BOOST_TEST(first.created);
  f.judge(put("a", "2"));
  Verdict again = f.judge(keyed(put("a", "1"), "k"));
  BOOST_TEST(again.replayed);
  BOOST_TEST(again.created);
  BOOST_TEST((again.outcome == Outcome::applied));
  BOOST_TEST((again.revision == Revision{1}));
  BOOST_TEST(f.changes.empty());
  BOOST_TEST(f.keys() == "a=2@2 ");
}

BOOST_AUTO_TEST_CASE(a_retry_of_a_refused_request_is_refused_again_also_when_it_would_hold_now) {
  Fixture f;
  f.judge(put("a", "1"));
  f.judge(keyed(must_be_absent(put("a", "2")), "k"));
  f.judge(command(Kind::remove, "a"));
  Verdict again = f.judge(keyed(must_be_absent(put("a", "2")), "k"));
  BOOST_TEST((again.outcome == Outcome::refused));
  BOOST_TEST(again.replayed);
  BOOST_TEST((again.current->revision() == Revision{1}));
}

BOOST_AUTO_TEST_CASE(the_key_of_one_request_is_not_taken_for_another) {
  Fixture f;
  f.judge(keyed(put("a", "1"), "k", 1));
  Verdict other = f.judge(keyed(put("a", "2"), "k", 2));
  BOOST_TEST((other.outcome == Outcome::reused));
  BOOST_TEST(f.keys() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(of_more_answers_than_are_remembered_the_oldest_are_forgotten) {
  Fixture f(StateLimits{10, 2});
  for (const char* key : {"z", "y", "x"}) f.judge(keyed(put(key, "1"), key));
  BOOST_TEST(f.state.state().answer("z") == nullptr);
  BOOST_TEST(f.state.state().answer("y") != nullptr);
  BOOST_TEST(!f.judge(keyed(put("z", "1"), "z")).replayed);
}

BOOST_AUTO_TEST_CASE(a_retried_transaction_gets_what_its_steps_gave_without_values) {
  Fixture f;
  f.judge(put("a", "1"));
  auto ask = [] {
    return keyed(
        transaction({}, steps(step(StepKind::get, "a"), step(StepKind::get, "b"), step(StepKind::set, "c", "3"))), "k");
  };
  f.judge(ask());
  f.judge(put("a", "2"));
  Verdict again = f.judge(ask());
  BOOST_REQUIRE(again.transaction);
  BOOST_TEST(again.transaction->succeeded);
  const auto& results = again.transaction->results;
  BOOST_REQUIRE(results.size() == 3U);
  BOOST_TEST((results[0].found->revision() == Revision{1}));
  BOOST_TEST(!results[1].found);
  BOOST_TEST(results[2].done);
  BOOST_TEST((again.revision == Revision{2}));
}

BOOST_AUTO_TEST_CASE(a_retried_delete_says_again_how_many_there_were) {
  Fixture f;
  f.judge(put("a", "1"));
  f.judge(put("b", "1"));
  f.judge(keyed(command(Kind::remove_range, ""), "k"));
  BOOST_TEST(f.judge(keyed(command(Kind::remove_range, ""), "k")).deleted == 2U);
}

BOOST_AUTO_TEST_CASE(a_deleted_key_leaves_a_tombstone) {
  Fixture f;
  f.judge(put("a", "1"));
  f.judge(put_for("b", milliseconds{1}));
  f.judge(command(Kind::remove, "a"));
  f.judge(expire("b", 2));
  auto cursor = f.state.state().tombstones_after(Revision{2});
  Tombstone first = read_tombstone(*cursor.get());
  BOOST_TEST(first.key == "a");
  BOOST_TEST((first.op == Op::remove));
  BOOST_TEST((first.revision == Revision{3}));
  cursor.next();
  Tombstone second = read_tombstone(*cursor.get());
  BOOST_TEST(second.key == "b");
  BOOST_TEST((second.op == Op::expire));
  BOOST_TEST((second.time == at(4000)));
  cursor.next();
  BOOST_TEST(cursor.get() == nullptr);
  BOOST_TEST((read_tombstone(*f.state.state().tombstones_after(Revision{3}).get()).revision == Revision{4}));
}

BOOST_AUTO_TEST_CASE(of_more_tombstones_than_are_kept_the_oldest_are_forgotten_and_that_is_known) {
  Fixture f(StateLimits{2, 10});
  for (const char* key : {"a", "b", "c"}) {
    f.judge(put(key, "1"));
    f.judge(command(Kind::remove, key));
  }
  BOOST_TEST(f.state.state().tombstones() == 2U);
  BOOST_TEST((f.state.state().oldest_tombstone() == Revision{2}));
}

BOOST_AUTO_TEST_CASE(states_that_hold_the_same_have_the_same_digest_however_they_came_to_it) {
  Fixture one, other;
  one.judge(put("a", "1"));
  one.judge(put("b", "2"));
  other.place = 1;
  other.judge(put("b", "2"));
  BOOST_TEST(one.state.digest() != other.state.digest());
  other.place = 0;
  other.judge(put("a", "1"));
  BOOST_TEST(one.state.digest() == other.state.digest());
  other.place = 0;
  other.judge(put("a", "x"));
  BOOST_TEST(one.state.digest() != other.state.digest());
}

BOOST_AUTO_TEST_SUITE_END()
