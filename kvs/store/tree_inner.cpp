#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <ranges>
#include <utility>

#include "kvs/slab.hpp"
#include "kvs/store/tree_node.hpp"

namespace kvs::tree {

boost::intrusive_ptr<Inner> Inner::make(std::span<const Entry> entries, std::uint64_t stamp) {
  assert(entries.size() >= 2 && entries.size() <= capacity);
  std::size_t text_size = 0;
  for (const Entry& entry : entries.subspan(1)) text_size += entry.separator.size();
  boost::intrusive_ptr<Inner> inner(new (allocate_small(sizeof(Inner) + text_size)) Inner(stamp), false);
  std::uint32_t end = 0;
  for (const Entry& entry : entries) {
    intrusive_ptr_add_ref(entry.child);
    inner->children[inner->count++] = entry.child;
    if (inner->count == 1) continue;
    std::memcpy(inner->text() + end, entry.separator.data(), entry.separator.size());
    end += static_cast<std::uint32_t>(entry.separator.size());
    inner->separator_ends[inner->count - 2] = end;
  }
  inner->set_heads();
  return inner;
}

boost::intrusive_ptr<Inner> Inner::copy(std::uint64_t stamp) const {
  for (unsigned i = 0; i < count; ++i) __builtin_prefetch(children[i], 1);
  boost::intrusive_ptr<Inner> inner(new (allocate_small(sizeof(Inner) + text_size())) Inner(stamp), false);
  inner->count = count;
  inner->prefix_size = prefix_size;
  std::copy(heads, heads + capacity, inner->heads);
  std::copy(separator_ends, separator_ends + count - 1, inner->separator_ends);
  std::copy(children, children + count, inner->children);
  std::memcpy(inner->text(), text(), text_size());
  for (unsigned i = 0; i < count; ++i) intrusive_ptr_add_ref(children[i]);
  return inner;
}

void Inner::destroy(const Inner* inner) noexcept {
  for (unsigned i = 0; i < inner->count; ++i) intrusive_ptr_release(inner->children[i]);
  const std::size_t size = sizeof(Inner) + inner->text_size();
  inner->~Inner();
  deallocate_small(const_cast<Inner*>(inner), size);
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

void Inner::replace_child(unsigned index, NodeRef child) {
  NodeRef old(std::exchange(children[index], child.detach()), false);
}

}  // namespace kvs::tree
