// What a watch was asked for.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/change.hpp"
#include "kvs/net/consistency.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/worker.hpp"
#include "kvs/store/filter.hpp"

namespace kvs {

// The way it is received.
enum class WatchForm : std::uint8_t {
  messages,      // WebSocket: JSON arrays of events
  event_stream,  // server-sent events
  lines,         // NDJSON
  array,         // a long poll: one JSON array
  legacy,        // /subscribe: the original project's messages, one a change
};
inline bool is_websocket(WatchForm form) { return form == WatchForm::messages || form == WatchForm::legacy; }

// What is done for a watch whose place the history no longer reaches back to.
enum class OnGap : std::uint8_t {
  diff,   // the net difference, or the whole state where that is not known any more
  reset,  // the whole state
  fail,   // the watch ends
};

// Some of the kinds of change.
struct Ops {
  std::uint8_t bits = 0;

  static constexpr Ops all() { return Ops{}.with(Op::set).with(Op::remove).with(Op::expire); }
  constexpr Ops with(Op op) const { return {static_cast<std::uint8_t>(bits | 1U << static_cast<unsigned>(op))}; }
  constexpr bool has(Op op) const { return (bits >> static_cast<unsigned>(op) & 1) != 0; }
  bool operator==(const Ops&) const = default;
};

struct WatchRequest {
  WatchForm form = WatchForm::messages;
  Filter filter;
  Ops ops = Ops::all();
  ValueForm value = ValueForm::value;
  bool previous = false;  // with what was there before
  bool latest = false;    // while behind, only the newest change of each key
  OnGap on_gap = OnGap::diff;
  Revision after = no_revision;  // the cursor to begin with; may lie ahead until `consistency` holds
  Consistency consistency;
  bool resumes = false;  // `after` is a place that the client named
  bool initial = false;  // `state` first
  State state;           // at `after`; held only if `initial`
  std::optional<std::chrono::milliseconds> progress;
  std::chrono::milliseconds wait{};  // of a long poll
  std::uint64_t count = 0;           // changes after which it ends; 0 = never
  bool chunked = false;              // the byte stream is sent in chunks
  HolderRef holder;                  // who watches; null: nobody in particular
  std::string request_id;            // for the log
  std::string head;                  // the answer's, sent before anything else

  // Whether all who say so may be sent the same bytes.
  bool takes_everything() const {
    return filter.everything() && count == 0 && value == ValueForm::value && !previous && ops == default_ops();
  }
  Ops default_ops() const { return form == WatchForm::legacy ? Ops{}.with(Op::set) : Ops::all(); }
};

// From the parameters of /v1/watch and GET /subscribe. Errors as api codes: bad_parameter, not_acceptable, other_log…
result<WatchRequest> parse_watch(const RequestHead& head, std::string_view query, Worker& worker);
result<WatchRequest> parse_subscribe(const RequestHead& head, Worker& worker);
// compacted, if the watch would rather fail than begin with a gap.
std::optional<Problem> check_reach(const WatchRequest& request, Worker& worker);

}  // namespace kvs
