#include "kvs/net/list_request.hpp"

#include <algorithm>

#include "kvs/net/accept.hpp"
#include "kvs/net/parameters.hpp"

namespace kvs {

namespace {

Problem bad(std::string text) { return {errc::bad_parameter, std::move(text)}; }

// The bounds: an empty one is none.
std::optional<Problem> read_range(const Query& query, ListRange& range) {
  for (std::string_view name : {"prefix", "start", "after", "end", "separator"}) {
    std::string_view text = query.value(name).value_or("");
    if (text.size() > max_key_size + 1) {  // next_page() may name the first string behind a key
      return Problem{errc::key_too_large, std::string(name) + " is longer than a key can be: at most 1,024 bytes"};
    }
    if (text.empty()) continue;
    if (name == "prefix") range.within(text);
    if (name == "start") range.at_or_after(text);
    if (name == "after") range.after(text);
    if (name == "end") range.before(text);
    if (name == "separator") range.separator = text;
  }
  if (query.value("separator") && range.separator.empty()) {
    return bad("separator must have at least one byte; leave it out to fold nothing");
  }
  return std::nullopt;
}

void append_parameter(std::string& url, std::string_view name, std::string_view value) {
  url += url.back() == '?' ? "" : "&";
  url.append(name).append("=");
  append_encoded_value(url, value);
}

}  // namespace

result<ListRequest> parse_list(const RequestHead& head, Worker& worker) {
  ListRequest request;
  std::string scratch;
  request.stream = head.has(Known::accept) && prefers_ndjson(head.list(Known::accept, scratch));
  if (request.stream) request.limit = SIZE_MAX;
  if (head.query().empty() && !head.has(Known::kvs_min_revision)) return request;
  auto query = parse_query(head.query(), list_parameters);
  if (!query) return query.error();
  if (auto problem = read_range(*query, request.range)) return *problem;
  auto limit = query->number("limit");
  if (!limit) return limit.error();
  if (*limit) {
    if (**limit == 0) return bad("limit must be at least 1");
    std::uint64_t most = request.stream ? SIZE_MAX : largest_page;
    request.limit = static_cast<std::size_t>(std::min(**limit, most));
  }
  auto reverse = query->flag("reverse");
  if (!reverse) return reverse.error();
  request.range.reverse = *reverse;
  auto keys_only = query->flag("keys_only");
  if (!keys_only) return keys_only.error();
  if (*keys_only) request.form = ValueForm::size;
  auto consistency = parse_consistency(head, *query, worker);
  if (!consistency) return consistency.error();
  request.consistency = *consistency;
  if (auto problem = parse_as_of(*query, worker, request.consistency)) return *problem;
  return request;
}

// What lies behind the page is between its last name and the bound it walks towards.
std::string next_page(const ListRequest& request, const ListScan::Entry& last, const Position& position) {
  const ListRange& range = request.range;
  std::string url = "/v1/kv?";
  if (!range.prefix.empty()) append_parameter(url, "prefix", range.prefix);
  if (range.reverse) {
    if (!range.from.empty() && range.from != range.prefix) append_parameter(url, "start", range.from);
    append_parameter(url, "end", last.name());
    append_parameter(url, "reverse", "1");
  } else {
    append_parameter(url, last.record ? "after" : "start", last.record ? last.name() : *behind(last.folded));
    if (range.to && range.to != behind(range.prefix)) append_parameter(url, "end", *range.to);
  }
  append_parameter(url, "limit", std::to_string(request.limit));
  if (request.form == ValueForm::size) append_parameter(url, "keys_only", "1");
  if (!range.separator.empty()) append_parameter(url, "separator", range.separator);
  append_parameter(url, "revision", to_string(position));
  return url;
}

}  // namespace kvs
