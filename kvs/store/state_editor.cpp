#include <atomic>
#include <utility>

#include "kvs/store/state.hpp"
#include "kvs/store/tree_edit.hpp"

namespace kvs {

namespace {

// Unique in the process: editors on several threads may have begun with the same State.
std::uint64_t next_stamp() {
  static std::atomic<std::uint64_t> last{tree::no_stamp};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

StateEditor::StateEditor(State base) : state_(std::move(base)), stamp_(next_stamp()) {}

StateEditor::~StateEditor() = default;

const Record* StateEditor::find(std::string_view key) const { return state_.find(key); }

RecordRef StateEditor::put(RecordRef record) {
  const std::size_t footprint = record->footprint();
  state_.digest_ += record->digest();
  tree::Edit edit(state_.root_, stamp_, record->key());
  if (edit.found()) {
    RecordRef old = edit.replace(std::move(record));
    state_.bytes_ += footprint - old->footprint();
    state_.digest_ -= old->digest();
    return old;
  }
  edit.insert(std::move(record));
  state_.bytes_ += footprint;
  ++state_.size_;
  return {};
}

RecordRef StateEditor::erase(std::string_view key) {
  tree::Edit edit(state_.root_, stamp_, key);
  if (!edit.found()) return {};
  RecordRef old = edit.erase();
  state_.bytes_ -= old->footprint();
  state_.digest_ -= old->digest();
  --state_.size_;
  return old;
}

State StateEditor::commit(Revision revision, LogTime time) {
  state_.revision_ = revision;
  state_.time_ = time;
  stamp_ = next_stamp();  // whatever was made so far belongs to the State handed out as well
  return state_;
}

}  // namespace kvs
