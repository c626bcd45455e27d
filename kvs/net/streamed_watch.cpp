// body := [retry] event* [error]       retry := "retry: 1000" LF LF, in an event stream
// The events' frames: see event_frames.cpp. A watch that has reached its count ends without an error.
#include "kvs/net/streamed_watch.hpp"

#include "kvs/net/record_json.hpp"

namespace kvs {

StreamedWatch::StreamedWatch(Worker& worker, Channel channel, WatchRequest request)
    : WatchConnection(worker, std::move(channel), std::move(request)) {}

void StreamedWatch::say_goodbye(std::string& out) {
  EventFrames& frames = feed().frames();
  frames.out().clear();
  auto say = [&](std::string_view code, std::string_view detail) {
    append_error(frames.begin(), code, detail, position());
    frames.end();
  };
  if (revoked()) say("forbidden", "the token of this watch does not allow it any more");
  switch (feed().end()) {
    case EventFeed::End::draining:
      say("draining", "the server is stopping; go on with another instance, or with this one when it is back");
      break;
    case EventFeed::End::compacted:
      say("compacted", "the history no longer reaches back to where this watch was; read anew, and go on from there");
      break;
    case EventFeed::End::unreadable:
      say("unreadable_history", "older history could not be read here; the server's log says why");
      break;
    case EventFeed::End::count:
    case EventFeed::End::none:
      break;
  }
  frames.finish();
  out += frames.out();
}

}  // namespace kvs
