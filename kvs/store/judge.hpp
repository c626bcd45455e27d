// Judges a command at its place in the order: pure functions of the command and the state just before it, so that every
// instance reaches the same verdict.
#pragma once
#include <optional>

#include "kvs/bus/bus.hpp"
#include "kvs/command.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// Whether all conditions hold for a key whose record is `current` (null: no such key).
bool holds(const std::vector<Condition>& conditions, const Record* current);

struct Judgement {
  Verdict verdict;
  std::optional<Change> change;  // what has to be put into the state; set if and only if the verdict is `applied`
};

// Does not touch the state. A barrier or digest does nothing at all. Stamps the command's record with its place and
// time and moves it into the change.
Judgement judge(Ordered&& ordered, const StateEditor& state, Revision newest);

// Puts a change into the state being edited.
void apply(const Change& change, StateEditor& state);

}  // namespace kvs
