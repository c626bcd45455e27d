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

Edit::Edit(Draft& draft, const Node*& root, std::string_view key) : draft_(draft), root_(root) {
  const Node* node = root_;
  if (node == nullptr) return;
  while (!node->is_leaf) {
    const Inner* inner = as_inner(node);
    path_.push_back({inner, inner->child_for(key)});
    node = child_towards(inner, path_.back().index);
  }
  leaf_ = as_leaf(node);
  place_ = leaf_->lower_bound(key);
}

// A node on the path that is the draft's is reached only through such nodes.

Leaf* Edit::own_leaf() {
  if (leaf_->stamp != draft_.stamp()) {
    auto copy = leaf_->copy(draft_.stamp());
    const Leaf* old = std::exchange(leaf_, copy.get());
    put_node(leaf_level(), std::move(copy));
    draft_.retire(old);
  }
  return const_cast<Leaf*>(leaf_);
}

Inner* Edit::own_inner(int level) {
  Step& step = path_[static_cast<std::size_t>(level)];
  if (step.node->stamp != draft_.stamp()) {
    auto copy = step.node->copy(draft_.stamp());
    const Inner* old = std::exchange(step.node, copy.get());
    put_node(level, std::move(copy));
    draft_.retire(old);
  }
  return const_cast<Inner*>(step.node);
}

// Puts `node` where the path had its node of this level; level 0 is the root.
void Edit::put_node(int level, Fresh node) {
  if (level == 0) {
    root_ = draft_.add(std::move(node));
  } else {
    Inner* parent = own_inner(level - 1);
    parent->replace_child(path_[static_cast<std::size_t>(level) - 1].index, draft_.add(std::move(node)));
  }
}

RecordRef Edit::replace(RecordRef record) {
  draft_.prepare();
  Leaf* leaf = own_leaf();
  RecordRef old(leaf->records[place_.index]);
  leaf->replace(place_.index, record.get());
  draft_.add(std::move(record));
  draft_.retire(old.get());
  return old;
}

void Edit::insert(RecordRef record) {
  draft_.prepare();
  const Record* added = record.get();
  if (leaf_ == nullptr) {
    root_ = draft_.add(Leaf::make({&added, 1}, draft_.stamp()));
  } else if (leaf_->count < capacity) {
    own_leaf()->insert(place_.index, added);
  } else {
    insert_into_full_leaf(added);
  }
  draft_.add(std::move(record));
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
  draft_.prepare();
  const unsigned rest = leaf_->count - 1u;
  RecordRef erased(leaf_->records[place_.index]);
  if (path_.empty() && rest == 0) {
    root_ = nullptr;
    draft_.retire(leaf_);
  } else if (path_.empty() || rest >= joined_below || !join_leaf(rest)) {
    own_leaf()->erase(place_.index);
  }
  draft_.retire(erased.get());
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
  boost::container::static_vector<const Node*, 2> old;
  for (unsigned i = first; i < first + removed; ++i)
    old.push_back(path_.empty() ? leaf_ : path_.back().node->children[i]);
  Fresh one = Leaf::make(records.first(left), draft_.stamp());
  if (left == records.size()) {
    splice(leaf_level() - 1, first, removed, std::array{Entry{{}, one.get()}});
  } else {
    Fresh two = Leaf::make(records.subspan(left), draft_.stamp());
    const auto separator = separator_between(records[left - 1]->key(), records[left]->key());
    splice(leaf_level() - 1, first, removed, std::array{Entry{{}, one.get()}, Entry{separator, two.get()}});
    draft_.add(std::move(two));
  }
  draft_.add(std::move(one));
  for (const Node* leaf : old) draft_.retire(leaf);
}

// The same with inner nodes.
void Edit::put_inners(int level, unsigned first, unsigned removed, std::span<const Entry> entries, std::size_t left) {
  Fresh one = Inner::make(entries.first(left), draft_.stamp());
  if (left == entries.size()) {
    splice(level - 1, first, removed, std::array{Entry{{}, one.get()}});
  } else {
    Fresh two = Inner::make(entries.subspan(left), draft_.stamp());
    splice(level - 1, first, removed, std::array{Entry{{}, one.get()}, Entry{entries[left].separator, two.get()}});
    draft_.add(std::move(two));
  }
  draft_.add(std::move(one));
}

// Replaces, in the path's inner node of this level, `removed` children from `first` on by `added`, one or two.
// Separators cannot be changed in place, so this makes a new node; or two, or one out of two, and goes on in the level
// above.
void Edit::splice(int level, unsigned first, unsigned removed, std::span<const Entry> added) {
  if (level < 0) {  // the root was divided
    root_ = draft_.add(Inner::make(added, draft_.stamp()));
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
    root_ = entries[0].child;
  } else if (level > 0 && entries.size() < fewest) {
    join_inner(level, entries);
  } else {
    put_node(level, Inner::make(entries, draft_.stamp()));
  }
  draft_.retire(&node);  // last: the separators were its own
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
  draft_.retire(&other);
}

}  // namespace kvs::tree
