// One edit of the state's tree: the way down to a key, and the change of what was found there.
#pragma once
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvs/store/tree_node.hpp"
#include "kvs/store/tree_versions.hpp"

namespace kvs::tree {

// Goes down to `key` and stays there for one change. Nodes of the draft are changed in place, every other one on the
// way is replaced by a copy first, so what else refers to it sees nothing. If memory runs out (std::bad_alloc), the
// tree is what it was.
//
// A full leaf first gives to a neighbour with room and is divided only if there is none; a leaf that has lost half of
// its records is joined with a neighbour when both fit well into one. So leaves stay about four fifths full.
class Edit {
 public:
  Edit(Draft& draft, const Node*& root, std::string_view key);

  bool found() const { return place_.found; }

  // Exactly one of these, once.
  void insert(RecordRef record);        // needs !found()
  RecordRef replace(RecordRef record);  // needs found(), as erase() does
  RecordRef erase();

 private:
  struct Step {
    const Inner* node;
    unsigned index;  // of the child taken
  };
  using Records = boost::container::static_vector<const Record*, 2 * capacity + 1>;
  using Entries = boost::container::static_vector<Entry, 2 * capacity + 1>;

  int leaf_level() const { return static_cast<int>(path_.size()); }
  Leaf* own_leaf();
  Inner* own_inner(int level);
  void put_node(int level, Fresh node);

  void insert_into_full_leaf(const Record* record);
  bool join_leaf(unsigned rest);
  void put_leaves(unsigned first, unsigned removed, std::span<const Record* const> records, std::size_t left);

  void splice(int level, unsigned first, unsigned removed, std::span<const Entry> added);
  void divide_inner(int level, std::span<const Entry> entries, std::size_t left);
  void join_inner(int level, std::span<const Entry> entries);
  void put_inners(int level, unsigned first, unsigned removed, std::span<const Entry> entries, std::size_t left);

  bool is_at_right_edge() const;
  static bool has_room(const Node* neighbour);
  static unsigned neighbour_to_join(const Inner& parent, unsigned index);

  Draft& draft_;
  const Node*& root_;
  boost::container::static_vector<Step, 15> path_;  // inner nodes from the root on
  const Leaf* leaf_ = nullptr;                      // null: the tree is empty
  Leaf::Place place_{0, false};
};

}  // namespace kvs::tree
