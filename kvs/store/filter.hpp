// Which keys a watch wants.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// The union of keys and prefixes; neither = every key.
struct Filter {
  std::vector<std::string> keys;
  std::vector<std::string> prefixes;

  bool everything() const { return keys.empty() && prefixes.empty(); }
  bool matches(std::string_view key) const {
    for (const auto& one : keys) {
      if (one == key) return true;
    }
    for (const auto& prefix : prefixes) {
      if (key.starts_with(prefix)) return true;
    }
    return everything();
  }
};

}  // namespace kvs
