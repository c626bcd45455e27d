// The keys of a state between two bounds, in either direction, with those behind a separator folded into one.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/store/state.hpp"

namespace kvs {

struct ListRange {
  std::string prefix;             // every key begins with it
  std::string from;               // the smallest key, if it is there
  std::optional<std::string> to;  // the first key that is not in it any more; none: there is no such key
  bool reverse = false;           // from the greatest key down
  // Only keys that begin with one of these are there; sorted, and none of them begins with another. Empty: all are.
  std::vector<std::string> visible;
  std::string separator;  // folds what follows its first occurrence behind the prefix; empty: folds nothing

  // Narrow the range: all bounds given hold together.
  void at_or_after(std::string_view key);
  void after(std::string_view key);
  void before(std::string_view key);
  // Sets the prefix, and the bounds that it means.
  void within(std::string_view prefix);
};

// The first string that is greater than all that begin with `prefix`; nothing: there is none (it is empty, or all
// 0xFF).
std::optional<std::string> behind(std::string_view prefix);

// Holds the state it walks; what it gives is valid as long as it.
class ListScan {
 public:
  struct Entry {
    const Record* record = nullptr;  // a key of its own; null for
    std::string_view folded;         // a prefix that several keys may have; both empty: the end

    explicit operator bool() const { return record || !folded.empty(); }
    std::string_view name() const { return record ? record->key() : folded; }
  };

  ListScan(State state, ListRange range);

  Entry next();

  const State& state() const { return state_; }
  const ListRange& range() const { return range_; }

 private:
  void skip_hidden();
  bool inside(std::string_view key) const;
  std::string_view fold(std::string_view key) const;
  void step_over_end(std::string_view prefix);
  void step_over(std::string_view folded);

  const State state_;
  const ListRange range_;
  State::Cursor cursor_;
};

}  // namespace kvs
