// What GET /v1/kv was asked for.
#pragma once
#include <cstddef>
#include <string>

#include "kvs/net/consistency.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/store/list_scan.hpp"

namespace kvs {

inline constexpr std::size_t default_page = 1000;           // records and folded prefixes together
inline constexpr std::size_t largest_page = 10'000;         // more is clamped
inline constexpr std::size_t page_bytes = 8 * 1024 * 1024;  // of text, about, after which a page ends early

struct ListRequest {
  ListRange range;
  std::size_t limit = default_page;  // of a page; of a stream SIZE_MAX unless it was given
  ValueForm form = ValueForm::value;
  bool stream = false;  // NDJSON of everything
  Consistency consistency;
};

// From the query and the Accept field. Errors: bad_parameter, key_too_large (a bound longer than any key), other_log.
result<ListRequest> parse_list(const RequestHead& head, Worker& worker);

// The URL of the page that goes on behind `last`, relative to the server: /v1/kv?…&revision=REVISION@LOGID.
std::string next_page(const ListRequest& request, const ListScan::Entry& last, const Position& position);

}  // namespace kvs
