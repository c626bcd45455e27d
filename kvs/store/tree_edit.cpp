#include "kvs/store/tree_edit.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace kvs::tree {

namespace {

constexpr unsigned room_worth_sharing = 8;  // free places in a neighbour that pay for copying it
constexpr unsigned joined_at_most =
    28;  // records after joining two leaves; leaves room, so that no insert divides it again
constexpr unsigned joined_below = capacity / 2;  // with fewer records a leaf looks for a neighbour to join
constexpr unsigned fewest = 8;  // records or children of a node that has neighbours; the right edge may have fewer

}  // namespace

Edit::Edit(NodeRef& root, std::uint64_t stamp, std::string_view key) : root_(root), stamp_(stamp) {
  const Node* node = root_.get();
  if (node == nullptr) return;
  while (!node->is_leaf) {
    const Inner* inner = as_inner(node);
    path_.push_back({inner, inner->child_for(key)});
    node = child_towards(inner, path_.back().index);
  }
  leaf_ = as_leaf(node);
  place_ = leaf_->lower_bound(key);
}

// Ownership: a node on the path that carries the stamp is reached only through nodes that carry it too.

Leaf* Edit::own_leaf() {
  if (leaf_->stamp != stamp_) {
    auto copy = leaf_->copy(stamp_);
    leaf_ = copy.get();
    put_node(leaf_level(), std::move(copy));
  }
  return const_cast<Leaf*>(leaf_);
}

Inner* Edit::own_inner(int level) {
  Step& step = path_[static_cast<std::size_t>(level)];
  if (step.node->stamp != stamp_) {
    auto copy = step.node->copy(stamp_);
    step.node = copy.get();
    put_node(level, std::move(copy));
  }
  return const_cast<Inner*>(step.node);
}

// Puts `node` where the path had its node of this level; level 0 is the root.
void Edit::put_node(int level, NodeRef node) {
  if (level == 0) {
    root_ = std::move(node);
  } else {
    own_inner(level - 1)->replace_child(path_[static_cast<std::size_t>(level) - 1].index, std::move(node));
  }
}

RecordRef Edit::replace(RecordRef record) { return own_leaf()->replace(place_.index, std::move(record)); }

void Edit::insert(RecordRef record) {
  if (leaf_ == nullptr) {
    const Record* only = record.get();
    root_ = Leaf::make({&only, 1}, stamp_);
  } else if (leaf_->count < capacity) {
    own_leaf()->insert(place_.index, std::move(record));
  } else {
    insert_into_full_leaf(record.get());
  }
}

void Edit::insert_into_full_leaf(const Record* record) {
  Records records(leaf_->records, leaf_->records + leaf_->count);
  records.insert(records.begin() + place_.index, record);
  if (path_.empty()) return put_leaves(0, 1, records, is_at_right_edge() ? capacity : records.size() / 2);

  // What keeps being appended (or prepended) fills the neighbour to the brim, what comes at random is shared evenly.
  const auto [parent, index] = path_.back();
  if (index > 0 && has_room(parent->children[index - 1])) {
    const Leaf* left = as_leaf(parent->children[index - 1]);
    records.insert(records.begin(), left->records, left->records + left->count);
    return put_leaves(index - 1, 2, records, place_.index == capacity ? capacity : records.size() / 2);
  }
  if (index + 1 < parent->count && has_room(parent->children[index + 1])) {
    const Leaf* right = as_leaf(parent->children[index + 1]);
    records.insert(records.end(), right->records, right->records + right->count);
    return put_leaves(index, 2, records, place_.index == 0 ? records.size() - capacity : records.size() / 2);
  }
  put_leaves(index, 1, records, is_at_right_edge() ? capacity : records.size() / 2);
}

bool Edit::has_room(const Node* neighbour) { return neighbour->count <= capacity - room_worth_sharing; }

// Whether the key is greater than all others: then more like it are to be expected.
bool Edit::is_at_right_edge() const {
  for (const auto& [node, index] : path_) {
    if (index + 1 < node->count) return false;
  }
  return place_.index == leaf_->count;
}

RecordRef Edit::erase() {
  const unsigned rest = leaf_->count - 1u;
  RecordRef erased(leaf_->records[place_.index]);
  if (path_.empty() && rest == 0) {
    root_.reset();
  } else if (path_.empty() || rest >= joined_below || !join_leaf(rest)) {
    own_leaf()->erase(place_.index);
  }
  return erased;
}

// Joins the leaf, without what is to be erased, with a neighbour. False if it is better left as it is.
bool Edit::join_leaf(unsigned rest) {
  const auto [parent, index] = path_.back();
  const unsigned neighbour = neighbour_to_join(*parent, index);
  const unsigned together = rest + parent->children[neighbour]->count;
  if (together > joined_at_most && rest >= fewest) return false;

  Records records(leaf_->records, leaf_->records + leaf_->count);
  records.erase(records.begin() + place_.index);
  const Leaf* other = as_leaf(parent->children[neighbour]);
  records.insert(neighbour < index ? records.begin() : records.end(), other->records, other->records + other->count);
  put_leaves(std::min(index, neighbour), 2, records, together <= joined_at_most ? together : together / 2);
  return true;
}

// The emptier one of the children beside `index`.
unsigned Edit::neighbour_to_join(const Inner& parent, unsigned index) {
  if (index == 0) return 1;
  if (index + 1 == parent.count) return index - 1;
  return parent.children[index - 1]->count <= parent.children[index + 1]->count ? index - 1 : index + 1;
}

// Replaces `removed` leaves from the parent's child `first` on by one or two with these records, the first of them with
// `left`.
void Edit::put_leaves(unsigned first, unsigned removed, std::span<const Record* const> records, std::size_t left) {
  const NodeRef one = Leaf::make(records.first(left), stamp_);
  if (left == records.size()) return splice(leaf_level() - 1, first, removed, std::array{Entry{{}, one.get()}});
  const NodeRef two = Leaf::make(records.subspan(left), stamp_);
  const auto separator = separator_between(records[left - 1]->key(), records[left]->key());
  splice(leaf_level() - 1, first, removed, std::array{Entry{{}, one.get()}, Entry{separator, two.get()}});
}

// The same with inner nodes.
void Edit::put_inners(int level, unsigned first, unsigned removed, std::span<const Entry> entries, std::size_t left) {
  const NodeRef one = Inner::make(entries.first(left), stamp_);
  if (left == entries.size()) return splice(level - 1, first, removed, std::array{Entry{{}, one.get()}});
  const NodeRef two = Inner::make(entries.subspan(left), stamp_);
  splice(level - 1, first, removed, std::array{Entry{{}, one.get()}, Entry{entries[left].separator, two.get()}});
}

// Replaces, in the path's inner node of this level, `removed` children from `first` on by `added`, one or two.
// Separators cannot be changed in place, so this makes a new node; or two, or one out of two, and goes on in the level
// above.
void Edit::splice(int level, unsigned first, unsigned removed, std::span<const Entry> added) {
  if (level < 0) {  // the root was divided
    root_ = Inner::make(added, stamp_);
    return;
  }
  const Inner& node = *path_[static_cast<std::size_t>(level)].node;
  Entries entries;
  for (unsigned i = 0; i < first; ++i) entries.push_back(node.entry(i));
  entries.insert(entries.end(), added.begin(), added.end());
  entries[first].separator = node.entry(first).separator;
  for (unsigned i = first + removed; i < node.count; ++i) entries.push_back(node.entry(i));

  if (entries.size() > capacity) {
    const bool appended = first + added.size() == entries.size();
    divide_inner(level, entries, appended ? capacity - fewest : entries.size() / 2);
  } else if (level == 0 && entries.size() == 1) {
    root_ = NodeRef(entries[0].child);
  } else if (level > 0 && entries.size() < fewest) {
    join_inner(level, entries);
  } else {
    put_node(level, Inner::make(entries, stamp_));
  }
}

void Edit::divide_inner(int level, std::span<const Entry> entries, std::size_t left) {
  put_inners(level, level == 0 ? 0 : path_[static_cast<std::size_t>(level) - 1].index, 1, entries, left);
}

// Gives what is left of an inner node to a neighbour, or takes from it.
void Edit::join_inner(int level, std::span<const Entry> entries) {
  const auto [parent, index] = path_[static_cast<std::size_t>(level) - 1];
  const unsigned neighbour = neighbour_to_join(*parent, index);
  const Inner& other = *as_inner(parent->children[neighbour]);
  Entries all;
  const auto add_other = [&] {
    for (unsigned i = 0; i < other.count; ++i) all.push_back(other.entry(i));
  };
  if (neighbour < index) add_other();
  const std::size_t seam = neighbour < index ? all.size() : entries.size();
  all.insert(all.end(), entries.begin(), entries.end());
  if (neighbour > index) add_other();
  all[seam].separator = parent->separator(std::min(index, neighbour));
  put_inners(level, std::min(index, neighbour), 2, all, all.size() <= capacity ? all.size() : all.size() / 2);
}

}  // namespace kvs::tree
