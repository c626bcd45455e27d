// A listing as text: one JSON document, a page, or a line for everything there is.
#pragma once
#include <memory>
#include <string>

#include "kvs/net/body_source.hpp"
#include "kvs/net/list_request.hpp"

namespace kvs {

// What a page holds: found before its first byte, since its head says where the next one begins.
struct Page {
  std::size_t entries = 0;
  std::string next;  // URL; empty: this is the last
};
// Walks the page without making its text.
Page measure_page(ListScan scan, const ListRequest& request, const Position& position);

// {"revision":7,"items":[…],"prefixes":[…],"prefixes_base64":[…]?,"next":"…"?}
std::unique_ptr<BodySource> page_body(ListScan scan, Page page, ValueForm form, Revision revision);
// A record a line, {"prefix":"…"} or {"prefix_base64":"…"} for a folded one; `limit` lines at most.
std::unique_ptr<BodySource> lines_body(ListScan scan, std::size_t limit, ValueForm form);

}  // namespace kvs
