#include <algorithm>
#include <cassert>
#include <new>

#include "kvs/slab.hpp"
#include "kvs/store/tree_node.hpp"

namespace kvs::tree {

std::unique_ptr<Leaf, Disposer> Leaf::make(std::span<const Record* const> records, std::uint64_t stamp) {
  assert(!records.empty() && records.size() <= capacity);
  std::unique_ptr<Leaf, Disposer> leaf(new (allocate_small(sizeof(Leaf))) Leaf(stamp));
  for (const Record* record : records) leaf->records[leaf->count++] = record;
  leaf->set_heads(common_prefix(leaf->key(0), leaf->key(leaf->count - 1u)));
  return leaf;
}

std::unique_ptr<Leaf, Disposer> Leaf::copy(std::uint64_t stamp) const {
  std::unique_ptr<Leaf, Disposer> leaf(new (allocate_small(sizeof(Leaf))) Leaf(stamp));
  leaf->count = count;
  leaf->prefix_size = prefix_size;
  std::copy(heads, heads + capacity, leaf->heads);
  std::copy(records, records + count, leaf->records);
  return leaf;
}

// All keys begin with the same `prefix` bytes.
void Leaf::set_heads(std::size_t prefix) {
  prefix_size = static_cast<std::uint16_t>(prefix);
  for (unsigned i = 0; i < count; ++i) heads[i] = head_of(key(i), prefix);
  std::fill(heads + count, heads + capacity, unused_head);
}

const Record* Leaf::find(std::string_view key) const {
  if (key.size() < prefix_size) return nullptr;
  const std::uint64_t head = head_of(key, prefix_size);
  unsigned i = heads_below(head);
  if (i >= count || heads[i] != head) return nullptr;
  if (i + 1 < count && heads[i + 1] == head) i = lower_bound_among_equal_heads(key, head, i);
  return i < count && this->key(i) == key ? records[i] : nullptr;
}

void Leaf::fetch_record(std::string_view key) const {
  const unsigned i = key.size() < prefix_size ? 0 : heads_below(head_of(key, prefix_size));
  if (i >= count) return;
  const char* begin = reinterpret_cast<const char*>(records[i]);
  __builtin_prefetch(begin);
  __builtin_prefetch(begin + sizeof(Record));
}

Leaf::Place Leaf::lower_bound(std::string_view key) const {
  // Most often the key is there. Then no other record need be fetched to compare what all keys begin with.
  const std::uint64_t head = key.size() < prefix_size ? 0 : head_of(key, prefix_size);
  const unsigned first = heads_below(head);
  const bool candidate = key.size() >= prefix_size && first < count && heads[first] == head;
  if (candidate && this->key(first) == key) return {first, true};
  const std::string_view prefix = this->key(candidate ? first : 0).substr(0, prefix_size);
  if (const int order = compare_to_prefix(key, prefix); order != 0) return {order < 0 ? 0u : count, false};
  const unsigned i = lower_bound_among_equal_heads(key, head, first);
  return {i, i < count && heads[i] == head && this->key(i) == key};
}

// `first`: the number of heads below `head`.
unsigned Leaf::lower_bound_among_equal_heads(std::string_view key, std::uint64_t head, unsigned first) const {
  unsigned last = first;
  while (last < count && heads[last] == head) ++last;
  const auto below = [](const Record* record, std::string_view bound) { return record->key() < bound; };
  return static_cast<unsigned>(std::lower_bound(records + first, records + last, key, below) - records);
}

void Leaf::insert(unsigned index, const Record* record) {
  assert(count < capacity && index <= count);
  std::copy_backward(records + index, records + count, records + count + 1);
  std::copy_backward(heads + index, heads + count, heads + count + 1);
  records[index] = record;
  ++count;
  // Only a new first or last key can make the common prefix shorter.
  const std::size_t prefix =
      index == 0 || index + 1u == count ? common_prefix(key(0), key(count - 1u)) : std::size_t{prefix_size};
  if (prefix < prefix_size || count == 2) {
    set_heads(prefix);
  } else {
    heads[index] = head_of(key(index), prefix_size);
  }
}

void Leaf::erase(unsigned index) {
  std::copy(records + index + 1, records + count, records + index);
  std::copy(heads + index + 1, heads + count, heads + index);
  heads[--count] = unused_head;
  // Without its first or last key a leaf may have more in common: without this its heads could stay blunt for ever.
  if (count > 0 && (index == 0 || index == count)) {
    const std::size_t prefix = common_prefix(key(0), key(count - 1u));
    if (prefix > prefix_size) set_heads(prefix);
  }
}

}  // namespace kvs::tree
