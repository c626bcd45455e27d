#include "kvs/store/tree_node.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>

#include "kvs/slab.hpp"

namespace kvs::tree {

void dispose(const Node* node) noexcept {
  static_assert(std::is_trivially_destructible_v<Leaf> && std::is_trivially_destructible_v<Inner>);
  deallocate_small(const_cast<Node*>(node), node->is_leaf ? sizeof(Leaf) : as_inner(node)->allocated());
}

void fetch_paths(const Node* root, std::span<const std::string_view> keys) {
  constexpr std::size_t at_once = 16;  // more than a core has outstanding misses for
  for (; root && !keys.empty(); keys = keys.subspan(std::min(at_once, keys.size()))) {
    auto some = keys.first(std::min(at_once, keys.size()));
    boost::container::static_vector<const Node*, at_once> nodes(some.size(), root);
    while (!nodes.front()->is_leaf) {  // all leaves are at one depth
      for (std::size_t i = 0; i < some.size(); ++i) {
        const Inner* inner = as_inner(nodes[i]);
        nodes[i] = child_towards(inner, inner->child_for(some[i]));
      }
    }
    for (std::size_t i = 0; i < some.size(); ++i) as_leaf(nodes[i])->fetch_record(some[i]);
  }
}

}  // namespace kvs::tree
