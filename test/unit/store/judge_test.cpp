#include "kvs/store/judge.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "changes.hpp"

using namespace kvs;
using namespace kvs::test;
using Kind = Condition::Kind;
using Outcome = Verdict::Outcome;

namespace {

constexpr LogTime log_time{std::chrono::milliseconds(77'000)};

Condition condition(Kind kind) { return {kind, {}, {}}; }
Condition revisions(Kind kind, std::vector<Revision> revisions) { return {kind, std::move(revisions), {}}; }
Condition value_is(std::string value) { return {Kind::value_is, {}, std::move(value)}; }

bool holds(Condition one, const Record* current) { return kvs::holds(std::vector<Condition>{std::move(one)}, current); }

Command command(Op op, std::string_view key, std::string_view value, std::vector<Condition> conditions = {}) {
  Command made;
  made.kind = op == Op::set ? Command::Kind::set : Command::Kind::remove;
  made.record = Record::make(key, value);
  made.conditions = std::move(conditions);
  return made;
}
Command put(std::string_view key, std::string_view value, std::vector<Condition> conditions = {}) {
  return command(Op::set, key, value, std::move(conditions));
}
Command drop(std::string_view key, std::vector<Condition> conditions = {}) {
  return command(Op::remove, key, {}, std::move(conditions));
}

struct Judgement {
  Verdict verdict;
  std::optional<Change> change;
};

// A state at revision 9 with "city" = "Pune", created at 5, set for the third time at 7.
struct Fixture {
  StateEditor state{State{}};
  const Record* city = nullptr;

  Fixture() { put_city(3); }
  void put_city(std::uint32_t version) {
    auto record = Record::make("city", "Pune");
    record->stamp(Revision{7}, Revision{5}, version, LogTime{});
    city = record.get();
    state.put(record);
  }
  // The verdict, and what the command did to its key.
  Judgement judge(Command&& command, std::uint64_t place = 10) {
    Changes changes;
    Verdict verdict = kvs::judge({Revision{place}, log_time, std::move(command), {}}, state, Revision{9}, changes);
    Judgement judgement{std::move(verdict), {}};
    if (!changes.empty()) judgement.change = changes.front();
    return judgement;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(judge)

BOOST_AUTO_TEST_CASE(exists_holds_for_a_key_that_is_there) {
  Fixture f;
  BOOST_TEST(holds(condition(Kind::exists), f.city));
  BOOST_TEST(!holds(condition(Kind::exists), nullptr));
}

BOOST_AUTO_TEST_CASE(absent_holds_for_a_key_that_is_not_there) {
  Fixture f;
  BOOST_TEST(!holds(condition(Kind::absent), f.city));
  BOOST_TEST(holds(condition(Kind::absent), nullptr));
}

BOOST_AUTO_TEST_CASE(revision_in_holds_for_a_key_with_one_of_the_revisions) {
  Fixture f;
  BOOST_TEST(holds(revisions(Kind::revision_in, {Revision{7}}), f.city));
  BOOST_TEST(holds(revisions(Kind::revision_in, {Revision{2}, Revision{7}}), f.city));
  BOOST_TEST(!holds(revisions(Kind::revision_in, {Revision{5}, Revision{8}}), f.city));
  BOOST_TEST(!holds(revisions(Kind::revision_in, {}), f.city));
}

BOOST_AUTO_TEST_CASE(revision_in_does_not_hold_for_a_key_that_is_not_there) {
  BOOST_TEST(!holds(revisions(Kind::revision_in, {Revision{7}}), nullptr));
  BOOST_TEST(!holds(revisions(Kind::revision_in, {no_revision}), nullptr));
}

BOOST_AUTO_TEST_CASE(revision_not_in_holds_for_a_key_with_another_revision) {
  Fixture f;
  BOOST_TEST(!holds(revisions(Kind::revision_not_in, {Revision{7}}), f.city));
  BOOST_TEST(!holds(revisions(Kind::revision_not_in, {Revision{2}, Revision{7}}), f.city));
  BOOST_TEST(holds(revisions(Kind::revision_not_in, {Revision{5}, Revision{8}}), f.city));
  BOOST_TEST(holds(revisions(Kind::revision_not_in, {}), f.city));
}

BOOST_AUTO_TEST_CASE(revision_not_in_holds_for_a_key_that_is_not_there) {
  BOOST_TEST(holds(revisions(Kind::revision_not_in, {Revision{7}}), nullptr));
}

BOOST_AUTO_TEST_CASE(value_is_holds_for_a_key_with_exactly_that_value) {
  Fixture f;
  BOOST_TEST(holds(value_is("Pune"), f.city));
  BOOST_TEST(!holds(value_is("pune"), f.city));
  BOOST_TEST(!holds(value_is("Pun"), f.city));
  BOOST_TEST(!holds(value_is(""), nullptr));
}

BOOST_AUTO_TEST_CASE(no_condition_always_holds) {
  Fixture f;
  BOOST_TEST(kvs::holds({}, f.city));
  BOOST_TEST(kvs::holds({}, nullptr));
}

BOOST_AUTO_TEST_CASE(of_several_conditions_all_must_hold) {
  Fixture f;
  BOOST_TEST(kvs::holds({condition(Kind::exists), value_is("Pune")}, f.city));
  BOOST_TEST(!kvs::holds({condition(Kind::exists), value_is("Delhi")}, f.city));
  BOOST_TEST(!kvs::holds({value_is("Delhi"), condition(Kind::exists)}, f.city));
}

BOOST_AUTO_TEST_CASE(a_set_of_a_new_key_creates_it_at_its_place_and_time) {
  Fixture f;
  auto judgement = f.judge(put("town", "Leh"));
  BOOST_TEST((judgement.verdict.outcome == Outcome::applied));
  BOOST_TEST(judgement.verdict.created);
  BOOST_TEST((judgement.verdict.revision == Revision{10}));
  BOOST_TEST_REQUIRE(judgement.change.has_value());
  const Record& record = *judgement.change->record;
  BOOST_TEST((judgement.change->op == Op::set));
  BOOST_TEST(record.value() == "Leh");
  BOOST_TEST((record.revision() == Revision{10}));
  BOOST_TEST((record.created_revision() == Revision{10}));
  BOOST_TEST(record.version() == 1U);
  BOOST_TEST((record.modified() == log_time));
}

BOOST_AUTO_TEST_CASE(a_set_of_a_key_that_is_there_keeps_its_creation_and_counts_up_its_version) {
  Fixture f;
  auto judgement = f.judge(put("city", "Delhi"));
  BOOST_TEST((judgement.verdict.outcome == Outcome::applied));
  BOOST_TEST(!judgement.verdict.created);
  const Record& record = *judgement.change->record;
  BOOST_TEST((record.revision() == Revision{10}));
  BOOST_TEST((record.created_revision() == Revision{5}));
  BOOST_TEST(record.version() == 4U);
}

BOOST_AUTO_TEST_CASE(a_set_to_the_same_value_is_a_change_like_any_other) {
  Fixture f;
  auto judgement = f.judge(put("city", "Pune"));
  BOOST_TEST((judgement.verdict.outcome == Outcome::applied));
  BOOST_TEST(judgement.change.has_value());
}

BOOST_AUTO_TEST_CASE(a_version_stays_at_its_maximum) {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  Fixture f;
  f.put_city(most - 1);
  BOOST_TEST(f.judge(put("city", "x")).change->record->version() == most);
  f.put_city(most);
  BOOST_TEST(f.judge(put("city", "x")).change->record->version() == most);
}

BOOST_AUTO_TEST_CASE(a_key_set_again_after_its_delete_begins_anew) {
  Fixture f;
  f.judge(drop("city"), 10);
  auto judgement = f.judge(put("city", "Delhi"), 11);
  BOOST_TEST(judgement.verdict.created);
  BOOST_TEST((judgement.change->record->created_revision() == Revision{11}));
  BOOST_TEST(judgement.change->record->version() == 1U);
}

BOOST_AUTO_TEST_CASE(a_delete_of_a_key_that_is_there_is_a_change_at_its_place_and_time) {
  Fixture f;
  auto judgement = f.judge(drop("city"));
  BOOST_TEST((judgement.verdict.outcome == Outcome::applied));
  BOOST_TEST((judgement.verdict.revision == Revision{10}));
  BOOST_TEST(!judgement.verdict.created);
  BOOST_TEST_REQUIRE(judgement.change.has_value());
  BOOST_TEST((judgement.change->op == Op::remove));
  BOOST_TEST(judgement.change->record->key() == "city");
  BOOST_TEST((judgement.change->record->revision() == Revision{10}));
  BOOST_TEST((judgement.change->record->modified() == log_time));
}

BOOST_AUTO_TEST_CASE(a_delete_of_a_missing_key_is_nothing_and_speaks_of_the_newest_applied_revision) {
  Fixture f;
  auto judgement = f.judge(drop("town"));
  BOOST_TEST((judgement.verdict.outcome == Outcome::nothing));
  BOOST_TEST((judgement.verdict.revision == Revision{9}));
  BOOST_TEST(!judgement.change.has_value());
}

BOOST_AUTO_TEST_CASE(a_delete_of_a_missing_key_that_must_exist_is_refused) {
  Fixture f;
  auto judgement = f.judge(drop("town", {condition(Kind::exists)}));
  BOOST_TEST((judgement.verdict.outcome == Outcome::refused));
  BOOST_TEST(!judgement.verdict.current);
}

BOOST_AUTO_TEST_CASE(a_refused_set_changes_nothing_and_shows_what_is_there) {
  Fixture f;
  auto judgement = f.judge(put("city", "Delhi", {condition(Kind::absent)}));
  BOOST_TEST((judgement.verdict.outcome == Outcome::refused));
  BOOST_TEST((judgement.verdict.current.get() == f.city));
  BOOST_TEST((judgement.verdict.revision == no_revision));
  BOOST_TEST(!judgement.change.has_value());
}

BOOST_AUTO_TEST_CASE(a_refused_delete_changes_nothing_and_shows_what_is_there) {
  Fixture f;
  auto judgement = f.judge(drop("city", {revisions(Kind::revision_in, {Revision{5}})}));
  BOOST_TEST((judgement.verdict.outcome == Outcome::refused));
  BOOST_TEST((judgement.verdict.current.get() == f.city));
  BOOST_TEST(!judgement.change.has_value());
}

BOOST_AUTO_TEST_CASE(a_set_whose_conditions_hold_is_applied) {
  Fixture f;
  BOOST_TEST(
      (f.judge(put("city", "x", {revisions(Kind::revision_in, {Revision{7}})})).verdict.outcome == Outcome::applied));
  BOOST_TEST((f.judge(put("town", "x", {condition(Kind::absent)})).verdict.outcome == Outcome::applied));
}

BOOST_AUTO_TEST_CASE(the_clients_address_comes_along) {
  Fixture f;
  Command command = put("city", "Delhi");
  command.origin = parse_origin("192.0.2.7:4711");
  BOOST_TEST(to_string(f.judge(std::move(command)).change->origin) == "192.0.2.7:4711");
}

BOOST_AUTO_TEST_CASE(an_applied_set_is_found_in_the_state) {
  Fixture f;
  f.judge(put("city", "Delhi"));
  BOOST_TEST(f.state.find("city")->value() == "Delhi");
}

BOOST_AUTO_TEST_CASE(an_applied_delete_takes_the_key_out_of_the_state) {
  Fixture f;
  f.judge(drop("city"));
  BOOST_TEST(f.state.find("city") == nullptr);
  BOOST_TEST(f.state.size() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
