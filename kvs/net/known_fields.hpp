// The field names of Known: how each is found by its spelling, and which must stand alone.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "kvs/net/head.hpp"
#include "kvs/scan.hpp"

namespace kvs {

struct KnownField {
  std::string_view name;  // lower-case
  Known known;
  std::string_view repeated = {};  // why a second one is refused; "" = it may be repeated
};

// Sorted by length, so that a name is compared with three others at most.
inline constexpr std::array<KnownField, static_cast<std::size_t>(Known::count_)> known_fields{{
    {"host", Known::host, "Host is given twice"},
    {"accept", Known::accept},
    {"expect", Known::expect, "Expect is given twice"},
    {"origin", Known::origin, "Origin is given twice"},
    {"upgrade", Known::upgrade},
    {"if-match", Known::if_match},
    {"connection", Known::connection},
    {"user-agent", Known::user_agent},
    {"traceparent", Known::traceparent},
    {"content-type", Known::content_type, "Content-Type is given twice"},
    {"x-request-id", Known::x_request_id},
    {"authorization", Known::authorization, "Authorization is given twice"},
    {"if-none-match", Known::if_none_match},
    {"last-event-id", Known::last_event_id, "Last-Event-ID is given twice"},
    {"content-length", Known::content_length, "Content-Length is given twice"},
    {"kvs-request-id", Known::kvs_request_id, "Kvs-Request-Id is given twice"},
    {"sec-fetch-site", Known::sec_fetch_site, "Sec-Fetch-Site is given twice"},
    {"accept-encoding", Known::accept_encoding},
    {"idempotency-key", Known::idempotency_key, "Idempotency-Key is given twice"},
    {"content-encoding", Known::content_encoding},
    {"kvs-min-revision", Known::kvs_min_revision, "Kvs-Min-Revision is given twice"},
    {"sec-websocket-key", Known::sec_websocket_key, "Sec-WebSocket-Key is given twice"},
    {"transfer-encoding", Known::transfer_encoding, "Transfer-Encoding is given twice"},
    {"sec-websocket-version", Known::sec_websocket_version, "Sec-WebSocket-Version is given twice"},
    {"sec-websocket-protocol", Known::sec_websocket_protocol},
    {"sec-websocket-extensions", Known::sec_websocket_extensions},
}};
inline constexpr std::size_t longest_known_field = known_fields.back().name.size();

// Where the names of each length begin in known_fields; one more entry ends the last.
inline constexpr auto known_by_size = [] {
  std::array<std::uint8_t, longest_known_field + 2> starts{};
  for (std::size_t size = 0; size < starts.size(); ++size) {
    std::uint8_t start = 0;
    while (start < known_fields.size() && known_fields[start].name.size() < size) ++start;
    starts[size] = start;
  }
  return starts;
}();

// `name` holds token characters only; among those, setting bit 5 makes no other byte equal to one of ours.
inline bool same_token(const char* name, std::string_view lower) {
  constexpr std::uint64_t lower_bits = 0x2020202020202020;
  std::size_t i = 0;
  for (; i + 8 <= lower.size(); i += 8) {
    if ((scan::load(name + i) | lower_bits) != scan::load(lower.data() + i)) return false;
  }
  for (; i < lower.size(); ++i) {
    if ((name[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

inline const KnownField* find_known_field(std::string_view name) {
  if (name.size() > longest_known_field) return nullptr;
  for (std::size_t i = known_by_size[name.size()]; i < known_by_size[name.size() + 1]; ++i) {
    if (same_token(name.data(), known_fields[i].name)) return &known_fields[i];
  }
  return nullptr;
}

}  // namespace kvs
