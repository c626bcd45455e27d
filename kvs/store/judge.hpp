// Judges a command at its place in the order: functions of the command and the state just before it and nothing else,
// so that every instance reaches the same verdict.
#pragma once
#include "kvs/bus/bus.hpp"
#include "kvs/command.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// Whether all conditions hold for a key whose record is `current` (null: no such key).
bool holds(const std::vector<Condition>& conditions, const Record* current);

// Applies to the state what the command changes there, appends those changes to `changes` (of one revision, the
// command's place; behind them the answer, if it has a request key), and gives the verdict. Stamps the command's
// records with place and time and moves them into the changes. A barrier or digest does nothing at all. `newest`: the
// revision of the newest change so far.
Verdict judge(Ordered&& ordered, StateEditor& state, Revision newest, Changes& changes);

// Puts a change into the state being edited, as judge() does and as a journal replays it; gives what was there before.
RecordRef apply(const Change& change, StateEditor& state);

}  // namespace kvs
