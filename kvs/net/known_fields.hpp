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
    {"content-range", Known::content_range},
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

// A name as three words to compare with, letters by either case; bytes beyond the name count nothing.
struct FieldPattern {
  std::array<std::uint64_t, 3> word{}, mask{};
};
static_assert(longest_known_field == 24);

inline constexpr auto known_patterns = [] {
  std::array<FieldPattern, known_fields.size()> patterns{};
  for (std::size_t field = 0; field < known_fields.size(); ++field) {
    auto name = known_fields[field].name;
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::uint64_t mask = name[i] >= 'a' && name[i] <= 'z' ? 0xDF : 0xFF;
      patterns[field].mask[i / 8] |= mask << i % 8 * 8;
      patterns[field].word[i / 8] |= (mask & static_cast<unsigned char>(name[i])) << i % 8 * 8;
    }
  }
  return patterns;
}();

// The index into known_fields of the name that stands at `name`, or known_fields.size(). Reads 24 bytes.
inline std::size_t find_known_field(const char* name, std::size_t size) {
  if (size > longest_known_field) return known_fields.size();
  const std::uint64_t words[] = {scan::load(name), scan::load(name + 8), scan::load(name + 16)};
  for (std::size_t i = known_by_size[size]; i < known_by_size[size + 1]; ++i) {
    const auto& pattern = known_patterns[i];
    std::uint64_t differ = 0;
    for (std::size_t w = 0; w < 3; ++w) differ |= (words[w] & pattern.mask[w]) ^ pattern.word[w];
    if (differ == 0) return i;
  }
  return known_fields.size();
}

}  // namespace kvs
