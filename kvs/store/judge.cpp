#include "kvs/store/judge.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kvs/store/answers.hpp"
#include "kvs/store/tombstone.hpp"

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

// One command being judged.
class Judging {
 public:
  Judging(Ordered& ordered, StateEditor& state, Revision newest, Changes& changes)
      : ordered_(ordered), command_(ordered.command), state_(state), newest_(newest), changes_(changes) {}

  Verdict verdict() {
    switch (command_.kind) {
      case Command::Kind::set:
        return conditional([this](const Record* current) { return set(current); });
      case Command::Kind::remove:
        return conditional([this](const Record* current) { return current ? remove(Op::remove) : nothing(); });
      case Command::Kind::touch:
        return conditional([this](const Record* current) { return current ? touch(*current) : nothing(); });
      case Command::Kind::expire:
        return conditional([this](const Record* current) { return is_due(current) ? remove(Op::expire) : nothing(); });
      case Command::Kind::remove_range:
        return remove_range();
      case Command::Kind::transaction:
        return transaction();
      case Command::Kind::barrier:
      case Command::Kind::digest:
        break;
    }
    return nothing();
  }

 private:
  template <class Then>
  Verdict conditional(Then then) {
    const Record* current = state_.find(command_.record->key());
    if (holds(command_.conditions, current)) return then(current);
    Verdict verdict;
    verdict.outcome = Verdict::Outcome::refused;
    verdict.current = current;
    return verdict;
  }

  Verdict nothing() const {
    Verdict verdict;
    verdict.outcome = Verdict::Outcome::nothing;
    verdict.revision = newest_;
    return verdict;
  }

  Verdict applied() const {
    Verdict verdict;
    verdict.outcome = Verdict::Outcome::applied;
    verdict.revision = ordered_.place;
    return verdict;
  }

  void change(Op op, NewRecord record) {
    changes_.push_back({op, std::move(record), command_.origin});
    changes_.back().previous = apply(changes_.back(), state_);
  }

  // Whether it created the key. `current` is what was there before, `record` what is there now.
  bool put(NewRecord& record, std::chrono::milliseconds ttl, const Record* current) {
    std::uint32_t version = current ? current->version() : 0;
    if (version < std::numeric_limits<std::uint32_t>::max()) ++version;
    Revision created = current ? current->created_revision() : ordered_.place;
    bool creates = current == nullptr;  // the change below may free it
    stamp(record, created, version, ttl);
    change(Op::set, record);
    return creates;
  }

  // With a time to live the record needs room for a deadline, which not everybody who makes one knows.
  void stamp(NewRecord& record, Revision created, std::uint32_t version, std::chrono::milliseconds ttl) {
    if (ttl.count() == 0) return record->stamp(ordered_.place, created, version, ordered_.time);
    auto expiring = Record::make_expiring(record->key(), record->value().size(), record->content_type());
    if (!record->value().empty())
      std::memcpy(expiring->value_buffer().data(), record->value().data(), record->value().size());
    expiring->stamp(ordered_.place, created, version, ordered_.time, ordered_.time + ttl);
    record = std::move(expiring);
  }

  Verdict set(const Record* current) {
    Verdict verdict = applied();
    verdict.created = put(command_.record, command_.ttl, current);
    verdict.expires = command_.record->expires();
    return verdict;
  }

  Verdict remove(Op op) {
    Verdict verdict = applied();
    bury(command_.record, op);
    verdict.deleted = 1;
    return verdict;
  }

  void bury(const NewRecord& record, Op op) {
    const Record* current = state_.find(record->key());
    record->stamp(ordered_.place, current->created_revision(), current->version(), ordered_.time);
    change(op, record);
  }

  Verdict touch(const Record& current) {
    auto touched = Record::make(current.key(), current.value(), current.content_type());
    stamp(touched, current.created_revision(), current.version(), command_.ttl);
    Verdict verdict = applied();
    verdict.expires = touched->expires();
    change(Op::set, std::move(touched));
    return verdict;
  }

  bool is_due(const Record* current) const {
    return current && current->expires() && ordered_.time >= *current->expires();
  }

  Verdict remove_range() {
    std::string_view prefix = command_.record->key();
    std::vector<NewRecord> found;
    for (auto at = state_.state().seek(prefix); at.get() && at.get()->key().starts_with(prefix); at.next())
      found.push_back(Record::make(at.get()->key(), std::string_view{}));
    if (found.empty()) return nothing();
    for (const NewRecord& record : found) bury(record, Op::remove);
    Verdict verdict = applied();
    verdict.deleted = found.size();
    return verdict;
  }

  Verdict transaction() {
    Transaction& asked = *command_.transaction;
    auto outcome = std::make_shared<TransactionOutcome>();
    outcome->succeeded = std::ranges::all_of(asked.checks, [this](const Transaction::Check& check) {
      return holds(check.condition, state_.find(check.key));
    });
    std::size_t before = changes_.size();
    auto& steps = outcome->succeeded ? asked.then : asked.otherwise;
    outcome->results.reserve(steps.size());
    for (Transaction::Step& step : steps) outcome->results.push_back(carry_out(step));
    Verdict verdict = changes_.size() == before ? nothing() : applied();
    verdict.transaction = std::move(outcome);
    return verdict;
  }

  TransactionOutcome::Result carry_out(Transaction::Step& step) {
    using Kind = Transaction::Step::Kind;
    TransactionOutcome::Result result{step.kind, step.record, {}, false};
    const Record* current = state_.find(step.record->key());
    if (step.kind == Kind::set) {
      result.done = put(step.record, step.ttl, current);
      result.asked = step.record;
    } else if (step.kind == Kind::get) {
      result.found = current;
    } else if (current) {
      bury(step.record, Op::remove);
      result.done = true;
    }
    return result;
  }

  Ordered& ordered_;
  Command& command_;
  StateEditor& state_;
  const Revision newest_;
  Changes& changes_;
};

}  // namespace

bool holds(const std::vector<Condition>& conditions, const Record* current) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& one) { return holds(one, current); });
}

Verdict judge(Ordered&& ordered, StateEditor& state, Revision newest, Changes& changes) {
  const Command& command = ordered.command;
  Judging judging(ordered, state, newest, changes);
  if (command.request_key.empty()) return judging.verdict();
  if (const Record* answer = state.state().answer(command.request_key)) return replay_answer(*answer, command);
  Verdict verdict = judging.verdict();
  changes.push_back({Op::answer, make_answer(command, verdict, ordered.place, ordered.time), {}});
  apply(changes.back(), state);
  return verdict;
}

RecordRef apply(const Change& change, StateEditor& state) {
  RecordRef previous;
  switch (change.op) {
    case Op::set:
      return state.put(change.record);
    case Op::remove:
    case Op::expire:
      previous = state.erase(change.record->key());
      state.bury(make_tombstone(change));
      return previous;
    case Op::answer:
      state.remember(change.record);
      break;
  }
  return previous;
}

}  // namespace kvs
