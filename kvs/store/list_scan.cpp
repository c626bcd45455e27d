#include "kvs/store/list_scan.hpp"

#include <algorithm>
#include <iterator>

namespace kvs {

std::optional<std::string> behind(std::string_view prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.remove_suffix(1);
  if (prefix.empty()) return std::nullopt;
  std::string next(prefix);
  next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return next;
}

void ListRange::at_or_after(std::string_view key) {
  if (from < key) from = key;
}

void ListRange::after(std::string_view key) {
  std::string next(key);
  at_or_after(next += '\0');
}

void ListRange::before(std::string_view key) {
  if (!to || *to > key) to = key;
}

void ListRange::within(std::string_view wanted) {
  prefix = wanted;
  at_or_after(prefix);
  if (auto end = behind(prefix)) before(*end);
}

ListScan::ListScan(State state, ListRange range) : state_(std::move(state)), range_(std::move(range)) {
  if (!range_.reverse) {
    cursor_ = state_.seek(range_.from);
    return;
  }
  cursor_ = range_.to ? state_.seek(*range_.to) : state_.end();
  cursor_.previous();
}

ListScan::Entry ListScan::next() {
  if (!range_.visible.empty()) skip_hidden();
  const Record* record = cursor_.get();
  if (!record || !inside(record->key())) return {};
  std::string_view folded = fold(record->key());
  if (!folded.empty()) {
    step_over(folded);
    return {nullptr, folded};
  }
  if (range_.reverse) {
    cursor_.previous();
  } else {
    cursor_.next();
  }
  return {record, {}};
}

// Moves on to the next visible key, by whole ranges of hidden ones. Only the last prefix that is not greater than a key
// can be one that the key begins with.
void ListScan::skip_hidden() {
  while (const Record* record = cursor_.get()) {
    std::string_view key = record->key();
    auto greater = std::ranges::upper_bound(range_.visible, key);
    bool first = greater == range_.visible.begin();
    if (!inside(key) || (!first && key.starts_with(*std::prev(greater)))) return;
    if (!range_.reverse) {
      cursor_ = greater == range_.visible.end() ? state_.end() : state_.seek(*greater);
    } else if (first) {
      cursor_ = state_.end();
    } else {
      step_over_end(*std::prev(greater));
    }
  }
}

// To the last key that begins so, or the one before those.
void ListScan::step_over_end(std::string_view prefix) {
  auto end = behind(prefix);
  cursor_ = end ? state_.seek(*end) : state_.end();
  cursor_.previous();
}

// The cursor has begun inside: only the bound that it walks towards can be passed.
bool ListScan::inside(std::string_view key) const {
  return range_.reverse ? key >= range_.from : !range_.to || key < *range_.to;
}

std::string_view ListScan::fold(std::string_view key) const {
  if (range_.separator.empty()) return {};
  auto at = key.find(range_.separator, range_.prefix.size());
  return at == std::string_view::npos ? std::string_view{} : key.substr(0, at + range_.separator.size());
}

// Behind (or before) all keys that begin so.
void ListScan::step_over(std::string_view folded) {
  if (range_.reverse) {
    cursor_ = state_.seek(folded);
    cursor_.previous();
    return;
  }
  auto end = behind(folded);
  cursor_ = end ? state_.seek(*end) : state_.end();
}

}  // namespace kvs
