#include <algorithm>
#include <utility>

#include "kvs/store/state.hpp"
#include "kvs/store/tombstone.hpp"
#include "kvs/store/tree_edit.hpp"

namespace kvs {

StateEditor::StateEditor(State base, StateLimits limits, bool aside)
    : committed_(std::move(base)),
      state_(committed_),
      limits_(limits),
      draft_(
          std::make_unique<tree::Draft>(state_.version_, aside ? tree::Draft::Kind::aside : tree::Draft::Kind::next)) {
  if (!limits_.digests) state_.digest_ = 0;
}

StateEditor::StateEditor(State base, StateLimits limits) : StateEditor(std::move(base), limits, false) {}

StateEditor::StateEditor(State base, Aside, StateLimits limits) : StateEditor(std::move(base), limits, true) {}

StateEditor::~StateEditor() { rollback(); }

void StateEditor::rollback() {
  draft_->rollback({state_.keys_.root, state_.tombstones_.root, state_.answers_.root, state_.answer_order_.root});
  state_ = committed_;
  if (!limits_.digests) state_.digest_ = 0;
}

RecordRef StateEditor::put(State::Tree& tree, RecordRef record) {
  const std::size_t footprint = record->footprint();
  tree::Edit edit(*draft_, tree.root, record->key());
  if (edit.found()) {
    RecordRef old = edit.replace(std::move(record));
    tree.bytes += footprint - old->footprint();
    return old;
  }
  edit.insert(std::move(record));
  tree.bytes += footprint;
  ++tree.size;
  return {};
}

RecordRef StateEditor::erase(State::Tree& tree, std::string_view key) {
  tree::Edit edit(*draft_, tree.root, key);
  if (!edit.found()) return {};
  RecordRef old = edit.erase();
  tree.bytes -= old->footprint();
  --tree.size;
  return old;
}

void StateEditor::expect(std::span<const std::string_view> keys) const { tree::fetch_paths(state_.keys_.root, keys); }

RecordRef StateEditor::put(RecordRef record) {
  state_.digest_ += digest_of(*record);
  RecordRef old = put(state_.keys_, std::move(record));
  if (old) state_.digest_ -= digest_of(*old);
  make_room();
  return old;
}

RecordRef StateEditor::erase(std::string_view key) {
  RecordRef old = erase(state_.keys_, key);
  if (old) state_.digest_ -= digest_of(*old);
  return old;
}

void StateEditor::bury(RecordRef tombstone) {
  if (limits_.tombstones == 0) {
    state_.forgotten_ = tombstone->revision();
    return;
  }
  put(state_.tombstones_, std::move(tombstone));
  if (state_.tombstones_.size > limits_.tombstones) forget_oldest_tombstone();
  make_room();
}

void StateEditor::forget_oldest_tombstone() {
  RecordRef oldest = State::begin(state_.tombstones_).get();
  state_.forgotten_ = std::max(state_.forgotten_, oldest->revision());
  erase(state_.tombstones_, oldest->key());
}

void StateEditor::drop_tombstones(Revision until) {
  while (state_.tombstones_.size != 0) forget_oldest_tombstone();
  forget_tombstones(until);
}

void StateEditor::make_room() {
  if (limits_.memory == 0) return;
  while (state_.footprint() > limits_.memory && state_.tombstones_.size != 0) forget_oldest_tombstone();
}

void StateEditor::forget_tombstones(Revision until) { state_.forgotten_ = std::max(state_.forgotten_, until); }

// The order has a record per answer, too, so that the oldest is found: the place, most significant byte first, and the
// request key.
void StateEditor::remember(RecordRef answer) {
  auto order_of = [](const Record& one) { return tombstone_order(one.revision()).append(one.key()); };
  auto order = Record::make(order_of(*answer), std::string_view{});
  order->stamp(answer->revision(), no_revision, 0, answer->modified());
  state_.digest_ += digest_of(*answer);
  if (RecordRef old = put(state_.answers_, std::move(answer))) {
    state_.digest_ -= digest_of(*old);
    erase(state_.answer_order_, order_of(*old));
  }
  put(state_.answer_order_, std::move(order));
  while (state_.answers_.size > limits_.answers) {
    RecordRef oldest = State::begin(state_.answer_order_).get();
    state_.digest_ -= digest_of(*erase(state_.answers_, oldest->key().substr(sizeof(std::uint64_t))));
    erase(state_.answer_order_, oldest->key());
  }
}

State StateEditor::commit(Revision revision, LogTime time, Revision place) {
  state_.revision_ = revision;
  state_.time_ = time;
  state_.place_ = place;
  state_.replaced_ += draft_->replaced();
  state_.version_ =
      draft_->commit({state_.keys_.root, state_.tombstones_.root, state_.answers_.root, state_.answer_order_.root});
  state_.own_ = draft_->own();
  committed_ = state_;
  return state_;
}

}  // namespace kvs
