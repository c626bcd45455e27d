// What a watch was asked for.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "kvs/net/consistency.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/worker.hpp"
#include "kvs/store/filter.hpp"

namespace kvs {

enum class WatchForm : std::uint8_t {
  events,  // /v1/watch: JSON arrays of events
  legacy,  // /subscribe: the original project's messages, one a change
};

struct WatchRequest {
  WatchForm form = WatchForm::events;
  Filter filter;
  Revision after = no_revision;  // the cursor to begin with; may lie ahead until `consistency` holds
  Consistency consistency;
  bool initial = false;  // `state` first
  State state;           // at `after`; held only if `initial`
  bool deletes = true;   // legacy: deletes too
  std::optional<std::chrono::milliseconds> progress;
  std::uint64_t count = 0;  // changes after which it ends; 0 = never
  std::string handshake;    // the 101 answer
};

// From the parameters of GET /v1/watch and GET /subscribe. Errors as api codes: bad_parameter, other_log…
result<WatchRequest> parse_watch(const RequestHead& head, Worker& worker);
result<WatchRequest> parse_subscribe(const RequestHead& head, Worker& worker);

}  // namespace kvs
