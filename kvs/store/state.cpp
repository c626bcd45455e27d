#include "kvs/store/state.hpp"

#include <cassert>

#include "kvs/store/tombstone.hpp"
#include "kvs/store/tree_node.hpp"
#include "kvs/store/tree_versions.hpp"

namespace kvs {

using tree::as_inner;
using tree::as_leaf;

const Record* State::find(std::string_view key) const { return tree::find(keys_.root, key); }

const Record* State::answer(std::string_view request_key) const {
  return answers_.root ? tree::find(answers_.root, request_key) : nullptr;
}

StateWeight State::weight() const {
  constexpr std::size_t in_a_leaf = tree::capacity * 4 / 5;  // about
  const std::uint64_t nodes = keys_.size / in_a_leaf + 1;
  return {replaced_, footprint() + nodes * sizeof(tree::Leaf), own_};
}

std::uint64_t State::kept_in_memory() { return tree::kept_bytes(); }

State::Cursor State::begin() const { return begin(keys_); }

State::Cursor State::answers() const { return begin(answers_); }

State::Cursor State::begin(const Tree& tree) {
  Cursor cursor(tree.root);
  if (tree.root) cursor.descend(tree.root, Cursor::Edge::first);
  return cursor;
}

State::Cursor State::end() const { return Cursor(keys_.root); }

State::Cursor State::seek(std::string_view key) const { return seek(keys_, key); }

State::Cursor State::tombstones_after(Revision revision) const {
  return seek(tombstones_, tombstone_order(after(revision)));
}

State::Cursor State::seek(const Tree& tree, std::string_view key) {
  Cursor cursor(tree.root);
  if (!tree.root) return cursor;
  const tree::Node* node = tree.root;
  while (!node->is_leaf) {
    const unsigned child = as_inner(node)->child_for(key);
    cursor.push(node, child);
    node = tree::child_towards(as_inner(node), child);
  }
  const unsigned index = as_leaf(node)->lower_bound(key).index;
  cursor.push(node, index);
  // Behind the last key of this leaf: the answer is the first of the next one.
  if (index == node->count) cursor.advance();
  return cursor;
}

const Record* State::Cursor::get() const {
  return depth_ == 0 ? nullptr : as_leaf(path_[depth_ - 1])->records[index_[depth_ - 1]];
}

void State::Cursor::next() {
  if (depth_ == 0) return;
  if (++index_[depth_ - 1] >= path_[depth_ - 1]->count) advance();
}

// From behind the last record of a leaf to the first of the next one.
void State::Cursor::advance() {
  while (--depth_ > 0) {
    const tree::Node* node = path_[depth_ - 1];
    if (++index_[depth_ - 1] < node->count) return descend(as_inner(node)->children[index_[depth_ - 1]], Edge::first);
  }
}

void State::Cursor::previous() {
  if (depth_ == 0) {
    if (root_) descend(root_, Edge::last);
    return;
  }
  if (index_[depth_ - 1] > 0) {
    --index_[depth_ - 1];
    return;
  }
  while (--depth_ > 0) {
    if (index_[depth_ - 1] == 0) continue;
    const tree::Node* child = as_inner(path_[depth_ - 1])->children[--index_[depth_ - 1]];
    return descend(child, Edge::last);
  }
}

// Pushes `node` and what is below it at its first or last edge.
void State::Cursor::descend(const tree::Node* node, Edge edge) {
  for (;; node = as_inner(node)->children[index_[depth_ - 1]]) {
    push(node, edge == Edge::first ? 0 : node->count - 1u);
    if (node->is_leaf) return;
  }
}

void State::Cursor::push(const tree::Node* node, unsigned index) {
  assert(depth_ < max_depth);
  path_[depth_] = node;
  index_[depth_] = static_cast<std::uint16_t>(index);
  ++depth_;
}

}  // namespace kvs
