// How events become bytes, for each way to receive a watch.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kvs/net/watch_request.hpp"

namespace kvs {

// Collects the texts of events and frames them; what is ready to be sent is in out(). The grammar stands in the .cpp.
class EventFrames {
 public:
  // `chunked`: the frames are sent as chunks of HTTP/1.1. `log`: for the positions in an event stream.
  EventFrames(WatchForm form, bool chunked, LogId log) : form_(form), chunked_(chunked), log_(log) {}

  // One event: the caller appends its text to what begin() returns, then calls end(). `position`: who has had this
  // event and all before it may go on from there.
  std::string& begin();
  void end(std::optional<Revision> position = std::nullopt);
  // A message may end here.
  void end_revision();
  // What was ended is ready to be sent.
  void flush();
  // Nothing comes any more (closes an array, and the chunks); flushes.
  void finish();

  std::string& out() { return out_; }
  // Whether what is made for others looks the same (see shared_events()).
  bool shareable() const { return is_websocket(form_) || chunked_; }

 private:
  void wrap();

  const WatchForm form_;
  const bool chunked_;
  bool begun_ = false;  // of an array
  const LogId log_;
  std::string text_;  // events whose frame is not made yet
  std::string out_;
};

}  // namespace kvs
