#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <ranges>

#include "kvs/slab.hpp"
#include "kvs/store/tree_node.hpp"

namespace kvs::tree {

std::unique_ptr<Inner, Disposer> Inner::make(std::span<const Entry> entries, std::uint64_t stamp) {
  assert(entries.size() >= 2 && entries.size() <= capacity);
  std::size_t text_size = 0;
  for (const Entry& entry : entries.subspan(1)) text_size += entry.separator.size();
  std::unique_ptr<Inner, Disposer> inner(new (allocate_small(sizeof(Inner) + text_size)) Inner(stamp));
  std::uint32_t end = 0;
  for (const Entry& entry : entries) {
    inner->children[inner->count++] = entry.child;
    if (inner->count == 1) continue;
    std::memcpy(inner->text() + end, entry.separator.data(), entry.separator.size());
    end += static_cast<std::uint32_t>(entry.separator.size());
    inner->separator_ends[inner->count - 2] = end;
  }
  inner->set_heads();
  return inner;
}

std::unique_ptr<Inner, Disposer> Inner::copy(std::uint64_t stamp) const {
  std::unique_ptr<Inner, Disposer> inner(new (allocate_small(allocated())) Inner(stamp));
  inner->count = count;
  inner->prefix_size = prefix_size;
  std::copy(heads, heads + capacity, inner->heads);
  std::copy(separator_ends, separator_ends + count - 1, inner->separator_ends);
  std::copy(children, children + count, inner->children);
  std::memcpy(inner->text(), text(), text_size());
  return inner;
}

void Inner::set_heads() {
  const unsigned separators = count - 1u;
  const std::size_t prefix = common_prefix(separator(0), separator(separators - 1));
  prefix_size = static_cast<std::uint16_t>(prefix);
  for (unsigned i = 0; i < separators; ++i) heads[i] = head_of(separator(i), prefix);
  std::fill(heads + separators, heads + capacity, unused_head);
}

unsigned Inner::child_for(std::string_view key) const {
  const int order = compare_to_prefix(key, {text(), prefix_size});
  if (order != 0) return order < 0 ? 0u : count - 1u;
  const std::uint64_t head = head_of(key, prefix_size);
  const unsigned first = heads_below(head);
  // Of the separators with the same head those up to the key count too.
  unsigned last = first;
  while (last < count - 1u && heads[last] == head) ++last;
  const auto places = std::views::iota(first, last);
  return *std::ranges::upper_bound(places, key, {}, [this](unsigned i) { return separator(i); });
}

}  // namespace kvs::tree
