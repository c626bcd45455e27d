#include "kvs/store/tree_node.hpp"

#include "kvs/slab.hpp"

namespace kvs::tree {

void dispose(const Node* node) noexcept {
  static_assert(std::is_trivially_destructible_v<Leaf> && std::is_trivially_destructible_v<Inner>);
  deallocate_small(const_cast<Node*>(node), node->is_leaf ? sizeof(Leaf) : as_inner(node)->allocated());
}

}  // namespace kvs::tree
