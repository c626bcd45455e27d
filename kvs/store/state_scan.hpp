// The keys of a state that a filter wants, each once, in key order.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "kvs/store/filter.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// Walks only the ranges that the filter names. Holds the state it walks.
class StateScan {
 public:
  StateScan(State state, const Filter& filter) : state_(std::move(state)) {
    for (const auto& key : filter.keys) ranges_.push_back({key, false});
    for (const auto& prefix : filter.prefixes) ranges_.push_back({prefix, true});
    if (ranges_.empty()) ranges_.push_back({"", true});
    // In order of their beginnings; of equal ones the prefix first, since it holds the key.
    std::sort(ranges_.begin(), ranges_.end(),
              [](const Range& a, const Range& b) { return a.name != b.name ? a.name < b.name : a.prefix > b.prefix; });
  }

  // Null at the end; valid as long as this scan.
  const Record* next() {
    while (at_ < ranges_.size()) {
      const Record* record = in_range_ ? advance() : enter();
      if (record) return record;
      in_range_ = false;
      ++at_;
    }
    return nullptr;
  }

 private:
  struct Range {
    std::string name;
    bool prefix;
  };

  // A range inside one that was walked already brings nothing new: its keys are all up to last_.
  const Record* enter() {
    in_range_ = true;
    const Range& range = ranges_[at_];
    cursor_ = state_.seek(range.name);
    if (started_ && range.name <= last_) {
      cursor_ = state_.seek(last_);
      const Record* here = cursor_.get();
      if (here && here->key() == last_) cursor_.next();
    }
    return current();
  }
  const Record* advance() {
    cursor_.next();
    return current();
  }
  const Record* current() {
    const Record* record = cursor_.get();
    if (!record) return nullptr;
    const Range& range = ranges_[at_];
    bool inside = range.prefix ? record->key().starts_with(range.name) : record->key() == range.name;
    if (!inside) return nullptr;
    last_ = record->key();
    started_ = true;
    return record;
  }

  State state_;
  std::vector<Range> ranges_;
  std::size_t at_ = 0;
  bool in_range_ = false;
  bool started_ = false;
  State::Cursor cursor_;
  std::string last_;
};

}  // namespace kvs
