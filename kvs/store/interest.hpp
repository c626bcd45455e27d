// Who wants to hear of a key: the index that makes a change cost nothing for the watchers of other keys.
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kvs/store/filter.hpp"

namespace kvs {

class Watch;

// One thread. A key is looked up once as itself and once for each length that some watched prefix has.
class Interest {
 public:
  void add(Watch& watch, const Filter& filter);
  void remove(Watch& watch, const Filter& filter);

  // Calls `wake` for every watch whose filter names the key or a prefix of it; a watch may be named more than once.
  // Watches of everything are not among them.
  template <class Wake>
  void each(std::string_view key, Wake&& wake) const {
    visit(keys_, key, wake);
    for (const auto& [length, count] : prefix_lengths_) {
      if (length > key.size()) break;
      visit(prefixes_, key.substr(0, length), wake);
    }
  }

  bool empty() const { return keys_.empty() && prefixes_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Index = std::unordered_map<std::string, std::vector<Watch*>, Hash, std::equal_to<>>;

  template <class Wake>
  static void visit(const Index& index, std::string_view name, Wake&& wake) {
    if (index.empty()) return;
    auto found = index.find(name);
    if (found == index.end()) return;
    for (Watch* watch : found->second) wake(*watch);
  }
  static bool insert(Index& index, const std::string& name, Watch& watch);
  static bool erase(Index& index, const std::string& name, Watch& watch);

  Index keys_;
  Index prefixes_;
  std::map<std::size_t, std::size_t> prefix_lengths_;  // length -> how many entries of prefixes_ have it
};

}  // namespace kvs
