#include "kvs/net/write_request.hpp"

#include <span>

#include "kvs/limits.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/target.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr ParameterRule ttl_rule[] = {{"ttl"}};

std::span<const ParameterRule> rules(WriteForm form) {
  if (form == WriteForm::put) return ttl_rule;
  return {};
}

std::optional<Problem> read_query(const Query& query, WriteRequest& request) {
  if (auto text = query.value("ttl")) {
    auto ttl = parse_ttl(*text);
    if (!ttl) return Problem{ttl.error().code, "parameter 'ttl': " + ttl.error().detail};
    request.ttl = *ttl;
  }
  return std::nullopt;
}

std::optional<Problem> check_value(const RequestHead& head) {
  if (head.has(Known::content_encoding))
    return Problem{errc::unsupported_media_type, "a value is stored as it is: send it without Content-Encoding"};
  if (head.find("content-range"))
    return Problem{errc::malformed, "a value is replaced as a whole: send it without Content-Range"};
  if (head.value(Known::content_type).size() > max_content_type_size)
    return Problem{errc::headers_too_large, "a content type has at most 255 bytes"};
  return std::nullopt;
}

std::optional<Problem> read_conditions(const RequestHead& head, WriteRequest& request) {
  if (!head.has(Known::if_match) && !head.has(Known::if_none_match)) return std::nullopt;
  std::string match_scratch, none_scratch;
  auto conditions =
      parse_conditions(sent(head, Known::if_match, match_scratch), sent(head, Known::if_none_match, none_scratch));
  if (!conditions) return conditions.error();
  request.conditions = std::move(*conditions);
  return std::nullopt;
}

}  // namespace

std::string_view sent(const RequestHead& head, Known known, std::string& scratch) {
  if (!head.has(known)) return {};
  std::string_view list = head.list(known, scratch);
  return list.data() ? list : std::string_view("");
}

result<std::chrono::milliseconds> parse_ttl(std::string_view text) {
  auto ttl = parse_duration(text);
  if (!ttl) return ttl.error();
  if (ttl->count() == 0 || *ttl > max_ttl)
    return Problem{errc::bad_parameter, "a time to live is above 0 and at most 10 years (3653d)"};
  return *ttl;
}

result<WriteRequest> parse_write(const RequestHead& head, WriteForm form) {
  WriteRequest request;
  if (!head.query().empty()) {
    auto query = parse_query(head.query(), rules(form));
    if (!query) return query.error();
    if (auto problem = read_query(*query, request)) return *problem;
  }
  if (form == WriteForm::put) {
    if (auto problem = check_value(head)) return *problem;
  }
  if (auto problem = read_conditions(head, request)) return *problem;
  return request;
}

}  // namespace kvs
