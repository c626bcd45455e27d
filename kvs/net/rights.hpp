// What somebody may do: roles, each for all keys or for those with a prefix.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/store/filter.hpp"

namespace kvs {

enum class Role : std::uint8_t {
  read,     // get, list, watch, history
  write,    // set, touch, delete
  metrics,  // /metrics
  admin,    // everything, also snapshots
};

// Deny by default: a Rights made by its constructor allows nothing.
class Rights {
 public:
  // Those of everybody where no tokens are asked for.
  static const Rights& all();

  // `prefix`: of the keys it is for; "" = every key. Metrics and admin are for no keys in particular.
  void grant(Role role, std::string_view prefix = {});

  bool admin() const { return admin_; }
  bool metrics() const { return metrics_ || admin_; }
  bool reads() const { return !read_.empty(); }  // some keys, at least
  bool reads_everything() const { return covers(read_, {}); }
  bool writes() const { return !write_.empty(); }
  bool may_read(std::string_view key) const { return covers(read_, key); }
  bool may_write(std::string_view key) const { return covers(write_, key); }
  // Whether all keys with that prefix may be written.
  bool may_write_all(std::string_view prefix) const { return covers(write_, prefix); }
  // The prefixes of all keys that may be read, sorted, none beginning with another; {""} = every key.
  const std::vector<std::string>& readable_prefixes() const { return read_; }
  // The part of `wanted` that may be read; nothing: none of it.
  std::optional<Filter> readable(Filter wanted) const;

  bool operator==(const Rights&) const = default;

 private:
  using Prefixes = std::vector<std::string>;  // sorted, none of them begins with another
  static bool covers(const Prefixes& prefixes, std::string_view key);
  static void add(Prefixes& prefixes, std::string_view prefix);

  Prefixes read_;
  Prefixes write_;
  bool metrics_ = false;
  bool admin_ = false;
};

}  // namespace kvs
