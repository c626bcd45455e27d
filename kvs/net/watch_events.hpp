// The changes of a commit as events.
#pragma once
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kvs/net/event_frames.hpp"
#include "kvs/net/watch_request.hpp"
#include "kvs/store/history.hpp"

namespace kvs {

// All changes of a commit, framed (in chunks, if it is a byte stream), made once and shared by all who take everything
// in that form. Not for arrays.
const Rendering& shared_events(const Commit& commit, WatchForm form, LogId log, std::string_view topic);

// Tells which changes were followed by others of their keys, to whoever wants the newest only.
class Newest {
 public:
  // `state`: the newest there is. `commits`: what is about to be sent.
  Newest(State state, const std::vector<CommitRef>& commits);

  // Two deletes of a key are known as such only if both are among the commits: else both are told.
  bool replaced(const Change& change) const;

 private:
  State state_;
  std::unordered_map<std::string_view, Revision> last_;
};

struct Appended {
  std::uint64_t count = 0;      // changes
  Revision last = no_revision;  // of the last of them
  std::uint64_t skipped = 0;    // wanted, but replaced by newer ones
};

// The changes of a commit after `after` that the request wants (of those only the `newest`, if it is given); ends after
// the revision that reaches `left`.
Appended append_changes(EventFrames& frames, const Commit& commit, Revision after, const WatchRequest& request,
                        std::uint64_t left, std::string_view topic, const Newest* newest = nullptr);

}  // namespace kvs
