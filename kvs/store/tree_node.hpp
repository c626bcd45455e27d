// The nodes of the state's B+tree.
//
// A node keeps the number of bytes its keys have in common and, for each key, the eight bytes after them (its head):
// nearly every comparison is one of two numbers inside the node. Only keys with equal heads are compared in full. A
// node is immutable once its editor has committed. Until then it carries the editor's stamp and may be changed in
// place. Nodes do not count who refers to them: tree_versions.hpp knows when they go.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "kvs/prefetch.hpp"
#include "kvs/record.hpp"
#include "kvs/store/state.hpp"
#include "kvs/store/tree_key.hpp"

namespace kvs::tree {

inline constexpr unsigned capacity = 32;                         // records of a leaf, children of an inner node
inline constexpr std::uint64_t unused_head = ~std::uint64_t{0};  // not below any head

struct Node {
  std::uint8_t count = 0;  // records or children in use: at least one of a leaf, at least two of an inner node
  const bool is_leaf;
  std::uint16_t prefix_size = 0;
  std::uint64_t stamp;
  std::uint64_t heads[capacity];  // of the records' keys or of the separators; the rest holds the largest number

  // The number of heads below `head`. In two steps of loads that do not wait for each other, without branches: halving
  // takes fewer instructions, but one load after the other, which shows where the node comes from memory.
  unsigned heads_below(std::uint64_t head) const {
    constexpr unsigned block = capacity / 4;
    unsigned below =
        block * ((heads[block - 1] < head) + (heads[2 * block - 1] < head) + (heads[3 * block - 1] < head));
    const std::uint64_t* rest = heads + below;
#pragma GCC unroll 8
    for (unsigned i = 0; i < block; ++i) below += rest[i] < head;
    return below;
  }

 protected:
  Node(bool leaf, std::uint64_t owner) : is_leaf(leaf), stamp(owner) {}
  ~Node() = default;
};

// Frees the node, and nothing that it refers to.
void dispose(const Node* node) noexcept;

struct Disposer {
  void operator()(const Node* node) const noexcept { dispose(node); }
};
using Fresh = std::unique_ptr<const Node, Disposer>;  // in no tree yet

struct Leaf : Node {
  const Record* records[capacity];  // in key order

  static std::unique_ptr<Leaf, Disposer> make(std::span<const Record* const> records, std::uint64_t stamp);
  std::unique_ptr<Leaf, Disposer> copy(std::uint64_t stamp) const;

  std::string_view key(unsigned i) const { return records[i]->key(); }

  // Does not look at the keys' common prefix at all: the record found is compared in full anyway.
  const Record* find(std::string_view key) const;

  // Asks for the memory of the record that `key` most likely leads to, by the heads alone.
  void fetch_record(std::string_view key) const;

  // The first place whose key is not below `key`: 0 … count.
  struct Place {
    unsigned index;
    bool found;
  };
  Place lower_bound(std::string_view key) const;

  // In place, for the editor whose stamp this leaf carries. insert() needs room.
  void insert(unsigned index, const Record* record);
  void replace(unsigned index, const Record* record) { records[index] = record; }
  void erase(unsigned index);

 private:
  explicit Leaf(std::uint64_t owner) : Node(true, owner) {}
  unsigned lower_bound_among_equal_heads(std::string_view key, std::uint64_t head, unsigned first) const;
  void set_heads(std::size_t prefix);
};

// A child and what separates it from its left neighbour: no key below it is less than `separator`, all to the left are.
struct Entry {
  std::string_view separator;  // of the first child: not used
  const Node* child;
};

// Separators are shortened to what tells two neighbours apart and stand in the node's own memory behind the struct.
// They never change: a node with other separators is another node. Children may be replaced in place.
struct Inner : Node {
  std::uint32_t separator_ends[capacity];  // in text(); separator i stands between the children i and i + 1
  const Node* children[capacity];

  static std::unique_ptr<Inner, Disposer> make(std::span<const Entry> entries, std::uint64_t stamp);
  std::unique_ptr<Inner, Disposer> copy(std::uint64_t stamp) const;
  std::size_t allocated() const { return sizeof(Inner) + text_size(); }

  // The child under which `key` is or would be.
  unsigned child_for(std::string_view key) const;

  std::string_view separator(unsigned i) const {
    const unsigned begin = i == 0 ? 0 : separator_ends[i - 1];
    return {text() + begin, static_cast<std::size_t>(separator_ends[i] - begin)};
  }
  Entry entry(unsigned i) const { return {i == 0 ? std::string_view{} : separator(i - 1), children[i]}; }

  // In place, for the editor whose stamp this node carries.
  void replace_child(unsigned index, const Node* child) { children[index] = child; }

 private:
  explicit Inner(std::uint64_t owner) : Node(false, owner) {}
  char* text() { return reinterpret_cast<char*>(this + 1); }
  const char* text() const { return reinterpret_cast<const char*>(this + 1); }
  std::size_t text_size() const { return separator_ends[count - 2]; }
  void set_heads();
};

inline const Leaf* as_leaf(const Node* node) { return static_cast<const Leaf*>(node); }
inline const Inner* as_inner(const Node* node) { return static_cast<const Inner*>(node); }

// Asks for all of a node at once: the search reads its lines one after the other, and each may come from far away.
inline void prefetch(const Node* node) { kvs::prefetch(node, sizeof(Leaf)); }

// One level down, towards `key`.
inline const Node* child_towards(const Inner* inner, unsigned child) {
  prefetch(inner->children[child]);
  return inner->children[child];
}

// Asks for the memory that work on `keys` will read under `root` (may be null), level by level for all of them: so the
// misses of all are waited for at once instead of one after the other. Only speed depends on it.
void fetch_paths(const Node* root, std::span<const std::string_view> keys);

// The record with this key under `root` (may be null), or null.
inline const Record* find(const Node* root, std::string_view key) {
  if (root == nullptr) return nullptr;
  while (!root->is_leaf) root = child_towards(as_inner(root), as_inner(root)->child_for(key));
  return as_leaf(root)->find(key);
}

}  // namespace kvs::tree
