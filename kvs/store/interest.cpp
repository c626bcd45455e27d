#include "kvs/store/interest.hpp"

#include <algorithm>

namespace kvs {

void Interest::add(Watch& watch, const Filter& filter) {
  try {
    for (const auto& key : filter.keys) insert(keys_, key, watch);
    for (const auto& prefix : filter.prefixes) {
      if (insert(prefixes_, prefix, watch)) ++prefix_lengths_[prefix.size()];
    }
  } catch (...) {
    remove(watch, filter);  // what is not in there is passed over
    throw;
  }
}

void Interest::remove(Watch& watch, const Filter& filter) {
  for (const auto& key : filter.keys) erase(keys_, key, watch);
  for (const auto& prefix : filter.prefixes) {
    if (!erase(prefixes_, prefix, watch)) continue;
    auto length = prefix_lengths_.find(prefix.size());  // not there if add() ended in it
    if (length != prefix_lengths_.end() && --length->second == 0) prefix_lengths_.erase(length);
  }
}

// Whether the name is new to the index.
bool Interest::insert(Index& index, const std::string& name, Watch& watch) {
  auto place = index.find(name);
  if (place == index.end()) return index.try_emplace(name, 1, &watch).second;
  place->second.push_back(&watch);
  return false;
}

// Whether the name has left the index.
bool Interest::erase(Index& index, const std::string& name, Watch& watch) {
  auto place = index.find(name);
  if (place == index.end()) return false;
  auto& watches = place->second;
  auto found = std::find(watches.begin(), watches.end(), &watch);
  if (found == watches.end()) return false;
  *found = watches.back();
  watches.pop_back();
  if (!watches.empty()) return false;
  index.erase(place);
  return true;
}

}  // namespace kvs
