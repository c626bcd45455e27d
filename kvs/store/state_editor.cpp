#include <algorithm>
#include <atomic>
#include <utility>

#include "kvs/store/state.hpp"
#include "kvs/store/tombstone.hpp"
#include "kvs/store/tree_edit.hpp"

namespace kvs {

namespace {

// Unique in the process: editors on several threads may have begun with the same State.
std::uint64_t next_stamp() {
  static std::atomic<std::uint64_t> last{tree::no_stamp};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

StateEditor::StateEditor(State base, StateLimits limits)
    : state_(std::move(base)), limits_(limits), stamp_(next_stamp()) {
  if (!limits_.digests) state_.digest_ = 0;
}

StateEditor::~StateEditor() = default;

RecordRef StateEditor::put(State::Tree& tree, RecordRef record) {
  const std::size_t footprint = record->footprint();
  tree::Edit edit(tree.root, stamp_, record->key());
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
  tree::Edit edit(tree.root, stamp_, key);
  if (!edit.found()) return {};
  RecordRef old = edit.erase();
  tree.bytes -= old->footprint();
  --tree.size;
  return old;
}

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
  state_.forgotten_ = oldest->revision();
  erase(state_.tombstones_, oldest->key());
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
  stamp_ = next_stamp();  // whatever was made so far belongs to the State handed out as well
  return state_;
}

}  // namespace kvs
