#include "kvs/net/traffic.hpp"

namespace kvs {

std::string_view to_string(Transport transport) {
  constexpr std::array<std::string_view, transports> names{"websocket", "sse", "ndjson", "poll", "legacy"};
  return names[static_cast<std::size_t>(transport)];
}

std::string_view to_string(WatchOutcome end) {
  constexpr std::array<std::string_view, watch_outcomes> names{"client", "count",    "draining", "compacted",
                                                               "slow",   "protocol", "revoked",  "failed"};
  return names[static_cast<std::size_t>(end)];
}

std::string_view to_string(Resume resume) {
  constexpr std::array<std::string_view, resumes> names{"complete", "diff", "reset", "refused"};
  return names[static_cast<std::size_t>(resume)];
}

std::string_view to_string(KeyOperation operation) {
  constexpr std::array<std::string_view, key_operations> names{"get",    "list",         "set", "touch",
                                                               "delete", "delete_range", "txn"};
  return names[static_cast<std::size_t>(operation)];
}

std::string_view to_string(Result result) {
  constexpr std::array<std::string_view, results> names{"ok",      "nothing", "refused", "failed",
                                                        "no_room", "unknown", "reused"};
  return names[static_cast<std::size_t>(result)];
}

std::string_view to_string(PublishFailure failure) {
  constexpr std::array<std::string_view, publish_failures> names{"full", "away", "too_large", "failed", "unknown"};
  return names[static_cast<std::size_t>(failure)];
}

}  // namespace kvs
