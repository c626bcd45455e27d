#include "kvs/store/judge.hpp"

#include <algorithm>
#include <limits>

namespace kvs {

namespace {

bool holds(const Condition& condition, const Record* current) {
  auto listed = [&] {
    return std::find(condition.revisions.begin(), condition.revisions.end(), current->revision()) !=
           condition.revisions.end();
  };
  switch (condition.kind) {
    case Condition::Kind::exists:
      return current != nullptr;
    case Condition::Kind::absent:
      return current == nullptr;
    case Condition::Kind::revision_in:
      return current && listed();
    case Condition::Kind::revision_not_in:
      return !current || !listed();
    case Condition::Kind::value_is:
      return current && current->value() == condition.value;
  }
  return false;
}

Judgement refused(const Record* current) {
  Judgement judgement;
  judgement.verdict.outcome = Verdict::Outcome::refused;
  judgement.verdict.current = current;
  return judgement;
}

Judgement nothing(Revision newest) {
  Judgement judgement;
  judgement.verdict.outcome = Verdict::Outcome::nothing;
  judgement.verdict.revision = newest;
  return judgement;
}

}  // namespace

bool holds(const std::vector<Condition>& conditions, const Record* current) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& one) { return holds(one, current); });
}

Judgement judge(Ordered&& ordered, const StateEditor& state, Revision newest) {
  Command& command = ordered.command;
  if (!command.record) return nothing(newest);
  const Record* current = state.find(command.record->key());
  if (!holds(command.conditions, current)) return refused(current);
  Op op = command.kind == Command::Kind::set ? Op::set : Op::remove;
  if (op == Op::remove && !current) return nothing(newest);

  bool creates = op == Op::set && !current;
  std::uint32_t version = current ? current->version() : 0;
  if (op == Op::set && version < std::numeric_limits<std::uint32_t>::max()) ++version;
  Revision created = creates ? ordered.place : current->created_revision();
  command.record->stamp(ordered.place, created, version, ordered.time);

  Judgement judgement;
  judgement.verdict.outcome = Verdict::Outcome::applied;
  judgement.verdict.revision = ordered.place;
  judgement.verdict.created = creates;
  judgement.change = Change{op, std::move(command.record), command.origin};
  return judgement;
}

void apply(const Change& change, StateEditor& state) {
  if (change.op == Op::set) {
    state.put(change.record);
  } else {
    state.erase(change.record->key());
  }
}

}  // namespace kvs
