// Changes and states for tests, in few words.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "kvs/change.hpp"
#include "kvs/store/judge.hpp"
#include "kvs/store/state.hpp"

namespace kvs::test {

inline Change set(std::uint64_t revision, std::string_view key, std::string_view value) {
  auto record = Record::make(key, value, "text/plain");
  record->stamp(Revision{revision}, Revision{revision}, 1, LogTime{std::chrono::milliseconds(1000 * revision)});
  return {Op::set, record, parse_origin("127.0.0.1:4711")};
}

inline Change removed(std::uint64_t revision, std::string_view key) {
  auto record = Record::make(key, std::string_view{});
  record->stamp(Revision{revision}, Revision{}, 0, LogTime{std::chrono::milliseconds(1000 * revision)});
  return {Op::remove, record, {}};
}

inline void apply(StateEditor& editor, const Changes& changes) {
  for (const Change& change : changes) kvs::apply(change, editor);
}

inline State with(State state, const Changes& changes) {
  StateEditor editor(std::move(state), StateEditor::Aside{});
  apply(editor, changes);
  return editor.commit(changes.back().revision(), changes.back().record->modified());
}

// "key=value@revision", one after the other.
inline std::string text(const State& state) {
  std::string all;
  for (auto at = state.begin(); at.get() != nullptr; at.next()) {
    const Record& record = *at.get();
    all += std::string(record.key()) + '=' + std::string(record.value()) + '@' +
           std::to_string(number(record.revision())) + ' ';
  }
  return all;
}

inline std::string text(const Changes& changes) {
  std::string all;
  for (const Change& change : changes) {
    const Record& record = *change.record;
    all += std::string(record.key()) + (change.op == Op::set ? '=' + std::string(record.value()) : "-") + '@' +
           std::to_string(number(record.revision())) + ' ';
  }
  return all;
}

}  // namespace kvs::test
