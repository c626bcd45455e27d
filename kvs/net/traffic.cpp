#include "kvs/net/traffic.hpp"

namespace kvs {

std::string_view to_string(Transport transport) {
  constexpr std::array<std::string_view, transports> names{"websocket", "sse", "ndjson", "poll", "legacy"};
  return names[static_cast<std::size_t>(transport)];
}

std::string_view to_string(WatchEnd end) {
  constexpr std::array<std::string_view, watch_ends> names{"client", "count",    "draining", "compacted",
                                                           "slow",   "protocol", "revoked",  "failed"};
  return names[static_cast<std::size_t>(end)];
}

std::string_view to_string(Resume resume) {
  constexpr std::array<std::string_view, resumes> names{"complete", "diff", "reset", "refused"};
  return names[static_cast<std::size_t>(resume)];
}

}  // namespace kvs
