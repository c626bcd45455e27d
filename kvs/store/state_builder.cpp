#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kvs/store/state.hpp"
#include "kvs/store/tree_node.hpp"
#include "kvs/store/tree_versions.hpp"

namespace kvs {

using tree::capacity;
using tree::Entry;

namespace {

constexpr unsigned leaf_fill = capacity - 2;  // a little room, so that the first inserts do not divide every leaf

// Children that have no parent yet, with the separators before them.
class Level {
 public:
  struct Child {
    std::string separator;
    tree::Tree node;
  };

  void add(Child child) { children_.push_back(std::move(child)); }
  std::size_t size() const { return children_.size(); }

  // A node of the first `count` children.
  Child take(std::size_t count, std::uint64_t stamp) {
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < count; ++i) entries.push_back({children_[i].separator, children_[i].node.get()});
    Child parent{std::move(children_.front().separator), tree::Tree(tree::Inner::make(entries, stamp).release())};
    for (std::size_t i = 0; i < count; ++i) children_[i].node.release();
    children_.erase(children_.begin(), children_.begin() + static_cast<std::ptrdiff_t>(count));
    return parent;
  }

  Child take_only() { return std::move(children_.front()); }

 private:
  std::vector<Child> children_;
};

}  // namespace

// What is not in a node yet: records for the next leaf, then leaves, then what is above them.
struct StateBuilder::Levels {
  std::vector<RecordRef> records;
  std::string separator;  // before records
  RecordRef last;
  std::vector<Level> inner;
  const std::uint64_t stamp = tree::next_stamp();
  Revision newest = no_revision;
  State state;

  void add(std::size_t level, Level::Child child);
  void make_leaf();
  tree::Tree finish();
};

void StateBuilder::Levels::make_leaf() {
  std::vector<const Record*> raw;
  for (const RecordRef& record : records) raw.push_back(record.get());
  tree::Tree leaf(tree::Leaf::make(raw, stamp).release());
  for (RecordRef& record : records) record.detach();  // the leaf has it now
  records.clear();
  add(0, {std::move(separator), std::move(leaf)});
}

// A node takes `capacity` children only when two more are there: so the last node never has a single child.
void StateBuilder::Levels::add(std::size_t level, Level::Child child) {
  if (level == inner.size()) inner.emplace_back();
  inner[level].add(std::move(child));
  if (inner[level].size() == capacity + 2) add(level + 1, inner[level].take(capacity, stamp));
}

tree::Tree StateBuilder::Levels::finish() {
  if (!records.empty()) make_leaf();
  if (inner.empty()) return {};
  for (std::size_t level = 0;; ++level) {
    if (level + 1 == inner.size() && inner[level].size() == 1) return inner[level].take_only().node;
    if (inner[level].size() > capacity) add(level + 1, inner[level].take(capacity / 2, stamp));
    add(level + 1, inner[level].take(inner[level].size(), stamp));
  }
}

StateBuilder::StateBuilder(StateLimits limits) : limits_(limits), levels_(std::make_unique<Levels>()) {}

StateBuilder::~StateBuilder() = default;

void StateBuilder::add(RecordRef record) {
  Levels& levels = *levels_;
  if (levels.last && levels.last->key() >= record->key()) {
    throw std::invalid_argument("records for a state are not in rising key order");
  }
  if (levels.records.size() == leaf_fill) {
    levels.make_leaf();
    levels.separator = tree::separator_between(levels.last->key(), record->key());
  }
  levels.state.keys_.bytes += record->footprint();
  if (limits_.digests) levels.state.digest_ += record->digest();
  ++levels.state.keys_.size;
  levels.newest = std::max(levels.newest, record->revision());
  levels.last = record;
  levels.records.push_back(std::move(record));
}

State StateBuilder::finish(Revision revision, LogTime time) {
  State state = std::move(levels_->state);
  tree::Tree root = levels_->finish();
  state.keys_.root = root.get();
  state.version_ = tree::first_version(std::move(root), levels_->newest);
  state.revision_ = state.place_ = revision;
  state.time_ = time;
  levels_ = std::make_unique<Levels>();
  return state;
}

}  // namespace kvs
