#include "kvs/store/tree_node.hpp"

namespace kvs::tree {

void intrusive_ptr_add_ref(const Node* node) noexcept { node->references.fetch_add(1, std::memory_order_relaxed); }

void intrusive_ptr_release(const Node* node) noexcept {
  // The last owner need not count down: nobody else can take a reference any more.
  if (node->references.load(std::memory_order_acquire) != 1 &&
      node->references.fetch_sub(1, std::memory_order_acq_rel) != 1) {
    return;
  }
  // The recursion goes as deep as the tree, that is State::Cursor's max_depth at most.
  if (node->is_leaf) {
    Leaf::destroy(as_leaf(node));
  } else {
    Inner::destroy(as_inner(node));
  }
}

}  // namespace kvs::tree
