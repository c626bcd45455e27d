// Changes as WebSocket messages.
#pragma once
#include <string>
#include <string_view>

#include "kvs/net/watch_request.hpp"
#include "kvs/store/history.hpp"

namespace kvs {

// All changes of a commit as whole messages (JSON arrays of about 64 KiB at most, a revision never split), made once
// and shared by all watchers of everything.
const Rendering& shared_messages(const Commit& commit);
// The same for the legacy form: one message a set.
const Rendering& shared_legacy_messages(const Commit& commit, std::string_view topic);

struct Appended {
  std::uint64_t count = 0;      // changes
  Revision last = no_revision;  // of the last of them
};
// The changes of a commit after `after` that the request's filter wants, as whole messages; ends after the revision
// that reaches `left`.
Appended append_messages(std::string& out, const Commit& commit, Revision after, const WatchRequest& request,
                         std::uint64_t left, std::string_view topic);

// A message of one event whose text is given.
void append_event_message(std::string& out, std::string_view event);

// Collects events into messages of about 64 KiB.
class MessageBuilder {
 public:
  explicit MessageBuilder(std::string& out) : out_(out) {}
  // The caller appends one event's text to what this returns.
  std::string& begin_event();
  // A message may end here.
  void end_revision();
  void flush();

 private:
  std::string& out_;
  std::string events_;
};

}  // namespace kvs
