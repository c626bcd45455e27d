// What became of the writes by the ids of their requests, for clients that never got their answer.
#pragma once
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kvs/command.hpp"

namespace kvs {

// The newest `limit` of them, of all instances; in memory only. Any thread.
class RequestLog {
 public:
  struct Entry {
    Verdict::Outcome outcome = Verdict::Outcome::unknown;
    Revision revision = no_revision;  // applied: of the change; nothing: of the state it was judged against
    bool created = false;             // applied set: the key was not there before
  };

  explicit RequestLog(std::size_t limit = 10'000) : limit_(limit) {}

  // Of several with one id the last counts. An empty id is not kept.
  void note(std::string&& id, const Entry& entry);
  std::optional<Entry> find(std::string_view id) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  const std::size_t limit_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::deque<const std::string*> order_;  // oldest first: the keys of entries_, whose addresses are stable
};

}  // namespace kvs
