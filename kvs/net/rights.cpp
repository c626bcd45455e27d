#include "kvs/net/rights.hpp"

#include <algorithm>

namespace kvs {

const Rights& Rights::all() {
  static const Rights everything = [] {
    Rights rights;
    rights.grant(Role::admin);
    return rights;
  }();
  return everything;
}

void Rights::grant(Role role, std::string_view prefix) {
  if (role == Role::metrics) metrics_ = true;
  if (role == Role::read) add(read_, prefix);
  if (role == Role::write) add(write_, prefix);
  if (role != Role::admin) return;
  admin_ = true;
  add(read_, {});
  add(write_, {});
}

void Rights::add(Prefixes& prefixes, std::string_view prefix) {
  if (covers(prefixes, prefix)) return;
  std::erase_if(prefixes, [prefix](const std::string& one) { return one.starts_with(prefix); });
  prefixes.emplace(std::ranges::upper_bound(prefixes, prefix), prefix);
}

bool Rights::covers(const Prefixes& prefixes, std::string_view key) {
  return std::ranges::any_of(prefixes, [key](const std::string& prefix) { return key.starts_with(prefix); });
}

std::optional<Filter> Rights::readable(Filter wanted) const {
  if (reads_everything()) return wanted;
  if (wanted.everything()) wanted.prefixes.emplace_back();
  Filter allowed;
  for (auto& key : wanted.keys) {
    if (may_read(key)) allowed.keys.push_back(std::move(key));
  }
  for (const auto& prefix : wanted.prefixes) {
    if (may_read(prefix)) {
      allowed.prefixes.push_back(prefix);
      continue;
    }
    std::ranges::copy_if(read_, std::back_inserter(allowed.prefixes),
                         [&prefix](const std::string& one) { return one.starts_with(prefix); });
  }
  if (allowed.everything()) return std::nullopt;
  return allowed;
}

}  // namespace kvs
