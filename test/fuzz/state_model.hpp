// The state and the judge once more, as plainly as they can be said: a map, and every rule spelled out.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kvs/command.hpp"
#include "kvs/store/state.hpp"

namespace kvs::test {

class StateModel {
 public:
  struct Row {
    std::string value, content_type;
    Revision revision, created;
    std::uint32_t version;
    LogTime modified;
    std::optional<LogTime> expires;

    bool operator==(const Row&) const = default;
  };
  using Rows = std::map<std::string, Row>;
  // What a command did to one key.
  struct Event {
    Op op;
    std::string key;
    Revision revision, previous;  // previous: of the row that was there; no_revision: none

    bool operator==(const Event&) const = default;
  };
  struct Result {
    Transaction::Step::Kind kind;
    bool done;
    Revision found;

    bool operator==(const Result&) const = default;
  };
  // What is said of a command, to whoever asked and to whoever asks again.
  struct Said {
    Verdict::Outcome outcome = Verdict::Outcome::nothing;
    bool created = false;
    Revision revision = no_revision, current = no_revision;
    std::uint64_t deleted = 0;
    std::optional<LogTime> expires;
    std::optional<bool> succeeded;
    std::vector<Result> results;

    bool operator==(const Said&) const = default;
  };

  explicit StateModel(StateLimits limits) : limits_(limits) {}

  // As judge(); `events`: what it did, in order.
  Said judge(const Command& command, Revision place, LogTime time, std::vector<Event>& events) {
    place_ = place;
    time_ = time;
    events_ = &events;
    if (command.request_key.empty()) return decide(command);
    for (const auto& [key, payload, said] : answers_) {
      if (key != command.request_key) continue;
      Said reused;
      reused.outcome = Verdict::Outcome::reused;
      return payload == command.payload ? said : reused;
    }
    Said said = decide(command);
    answers_.push_back({command.request_key, command.payload, said});
    if (answers_.size() > limits_.answers) answers_.pop_front();
    return said;
  }

  const Rows& rows() const { return rows_; }
  Revision newest() const { return newest_; }
  // The newest deletions, as far as they are remembered: by revision, then by key.
  const std::map<std::pair<Revision, std::string>, Op>& buried() const { return buried_; }
  Revision forgotten() const { return forgotten_; }
  std::size_t answers() const { return answers_.size(); }

 private:
  struct Answer {
    std::string key;
    std::uint64_t payload;
    Said said;
  };

  const Row* find(std::string_view key) const {
    auto found = rows_.find(std::string(key));
    return found == rows_.end() ? nullptr : &found->second;
  }

  static bool holds(const Condition& condition, const Row* row) {
    bool listed = false;
    for (Revision revision : condition.revisions) listed = listed || (row && row->revision == revision);
    switch (condition.kind) {
      case Condition::Kind::exists:
        return row != nullptr;
      case Condition::Kind::absent:
        return row == nullptr;
      case Condition::Kind::revision_in:
        return listed;
      case Condition::Kind::revision_not_in:
        return !listed;
      case Condition::Kind::value_is:
        return row && row->value == condition.value;
    }
    return false;
  }

  Said decide(const Command& command) {
    Said said;
    said.revision = newest_;  // of one that changes nothing
    std::size_t before = events_->size();
    using Kind = Command::Kind;
    if (command.kind == Kind::remove_range) {
      said.deleted = remove_all(command.record->key());
    } else if (command.kind == Kind::transaction) {
      carry_out(*command.transaction, said);
    } else if (command.record) {
      const Row* row = find(command.record->key());
      for (const Condition& condition : command.conditions) {
        if (holds(condition, row)) continue;
        Said refused;
        refused.outcome = Verdict::Outcome::refused;
        if (row) refused.current = row->revision;
        return refused;
      }
      one_key(command, row, said);
    }
    if (events_->size() == before) return said;
    said.outcome = Verdict::Outcome::applied;
    said.revision = newest_ = place_;
    return said;
  }

  void one_key(const Command& command, const Row* row, Said& said) {
    std::string key(command.record->key());
    bool due = row && row->expires && *row->expires <= time_;
    switch (command.kind) {
      case Command::Kind::set:
        said.created = row == nullptr;
        put(key, std::string(command.record->value()), std::string(command.record->content_type()), command.ttl);
        break;
      case Command::Kind::touch:
        if (!row) return;
        touch(key, command.ttl);
        break;
      case Command::Kind::remove:
        said.deleted = row ? 1 : 0;
        if (row) remove(key, Op::remove);
        return;
      case Command::Kind::expire:
        said.deleted = due ? 1 : 0;
        if (due) remove(key, Op::expire);
        return;
      default:
        return;
    }
    said.expires = rows_.at(key).expires;
  }

  void put(const std::string& key, std::string value, std::string type, std::chrono::milliseconds ttl) {
    const Row* old = find(key);
    Row row{std::move(value),           std::move(type), place_, old ? old->created : place_,
            old ? old->version + 1 : 1, time_,           {}};
    if (ttl.count() != 0) row.expires = time_ + ttl;
    note(Op::set, key);
    rows_[key] = std::move(row);
  }
  void touch(const std::string& key, std::chrono::milliseconds ttl) {
    note(Op::set, key);
    Row& row = rows_.at(key);
    row.revision = place_;
    row.modified = time_;
    row.expires.reset();
    if (ttl.count() != 0) row.expires = time_ + ttl;
  }
  void remove(const std::string& key, Op op) {
    note(op, key);
    rows_.erase(key);
    buried_[{place_, key}] = op;
    if (buried_.size() <= limits_.tombstones) return;
    forgotten_ = buried_.begin()->first.first;
    buried_.erase(buried_.begin());
  }
  void note(Op op, const std::string& key) {
    const Row* row = find(key);
    events_->push_back({op, key, place_, row ? row->revision : no_revision});
  }

  std::uint64_t remove_all(std::string_view prefix) {
    std::vector<std::string> keys;
    for (const auto& [key, row] : rows_) {
      if (key.starts_with(prefix)) keys.push_back(key);
    }
    for (const std::string& key : keys) remove(key, Op::remove);
    return keys.size();
  }

  void carry_out(const Transaction& asked, Said& said) {
    said.succeeded = true;
    for (const auto& [key, condition] : asked.checks) said.succeeded = *said.succeeded && holds(condition, find(key));
    for (const Transaction::Step& step : *said.succeeded ? asked.then : asked.otherwise) {
      std::string key(step.record->key());
      const Row* row = find(key);
      Result result{step.kind, false, no_revision};
      if (step.kind == Transaction::Step::Kind::get) {
        result.found = row ? row->revision : no_revision;
      } else if (step.kind == Transaction::Step::Kind::set) {
        result.done = row == nullptr;
        put(key, std::string(step.record->value()), std::string(step.record->content_type()), step.ttl);
      } else if (row) {
        result.done = true;
        remove(key, Op::remove);
      }
      said.results.push_back(result);
    }
  }

  const StateLimits limits_;
  Rows rows_;
  std::map<std::pair<Revision, std::string>, Op> buried_;
  std::deque<Answer> answers_;  // oldest first
  Revision newest_ = no_revision, forgotten_ = no_revision;
  Revision place_{};
  LogTime time_{};
  std::vector<Event>* events_ = nullptr;
};

}  // namespace kvs::test
