// What became of the writes by the ids of their requests, for clients that never got their answer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/command.hpp"

namespace kvs {

// Whether the verdict is that of a touch of a key that is not there.
inline bool is_missing(Command::Kind kind, const Verdict& verdict) {
  return kind == Command::Kind::touch && verdict.outcome == Verdict::Outcome::nothing;
}

// The newest `limit` of them, of all instances; in memory only. Any thread.
// Every write is noted and hardly one is ever asked for: noting costs a few stores, finding a look at all of them (some
// microseconds).
class RequestLog {
 public:
  struct Entry {
    Verdict::Outcome outcome = Verdict::Outcome::unknown;
    Revision revision = no_revision;  // applied: of the change; nothing: of the state it was judged against
    bool created = false;             // applied set: the key was not there before
    bool missing = false;             // a touch of a key that was not there: `nothing` that is no success
  };
  using Noted = std::pair<std::string, Entry>;  // by request id

  explicit RequestLog(std::size_t limit = 10'000) : limit_(limit) {}

  // Of several with one id the last counts. An empty id is not kept. The ids are moved out of `all`.
  void note(std::vector<Noted>& all);
  void note(Noted&& one);
  std::optional<Entry> find(std::string_view id) const;

 private:
  void keep(Noted&& one);

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::vector<Noted> noted_;           // a ring once it is full
  std::vector<std::uint64_t> hashes_;  // of their ids, close together: what find() looks through
  std::size_t next_ = 0;               // where the next one goes; the newest stands before it
};

}  // namespace kvs
