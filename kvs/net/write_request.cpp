#include "kvs/net/write_request.hpp"

#include <algorithm>
#include <span>

#include "kvs/limits.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/json_request.hpp"
#include "kvs/net/parameters.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

std::span<const ParameterRule> rules(WriteForm form) {
  if (form == WriteForm::put) return put_parameters;
  if (form == WriteForm::touch) return touch_parameters;
  if (form == WriteForm::remove_range) return range_parameters;
  return {};
}

std::optional<Problem> read_ttl(const Query& query, WriteForm form, Command& command) {
  auto text = query.value("ttl");
  if (form == WriteForm::touch && !text) {
    return Problem{errc::bad_parameter, "say how long the key shall live: ?ttl=30s, or ?ttl=none for good"};
  }
  if (!text || (form == WriteForm::touch && *text == "none")) return std::nullopt;
  auto ttl = parse_ttl(*text);
  if (!ttl) return Problem{ttl.error().code, "parameter 'ttl': " + ttl.error().detail};
  command.ttl = *ttl;
  return std::nullopt;
}

// A parameter that was forgotten, mistyped or came out empty must never delete everything.
std::optional<Problem> read_range(const Query& query, Command& command) {
  auto prefix = query.value("prefix");
  auto all = query.flag("all");
  if (!all) return all.error();
  if (prefix && query.value("all"))
    return Problem{errc::bad_parameter, "prefix and all are both given: give one of them; nothing was deleted"};
  if (!*all && (!prefix || prefix->empty())) {
    return Problem{errc::bad_parameter,
                   "say which keys to delete: ?prefix= with at least one byte, or ?all=true; nothing was deleted"};
  }
  if (prefix && prefix->size() > max_key_size)
    return Problem{errc::key_too_large, "no key has such a prefix: keys have at most 1,024 bytes"};
  command.record = Record::make(prefix ? std::string_view(*prefix) : "", std::string_view{});
  return std::nullopt;
}

std::optional<Problem> check_value(const RequestHead& head) {
  if (head.has(Known::content_encoding))
    return Problem{errc::unsupported_media_type, "a value is stored as it is: send it without Content-Encoding"};
  if (head.has(Known::content_range))
    return Problem{errc::malformed, "a value is replaced as a whole: send it without Content-Range"};
  if (head.value(Known::content_type).size() > max_content_type_size)
    return Problem{errc::headers_too_large, "a content type has at most 255 bytes"};
  return std::nullopt;
}

std::optional<Problem> read_conditions(const RequestHead& head, WriteForm form, Command& command) {
  if (!head.has(Known::if_match) && !head.has(Known::if_none_match)) return std::nullopt;
  if (form == WriteForm::remove_range || form == WriteForm::transaction) {
    return Problem{
        errc::malformed,
        "If-Match and If-None-Match are for one key: say under \"if\" of POST /v1/txn what must hold of several"};
  }
  std::string match_scratch, none_scratch;
  auto conditions =
      parse_conditions(sent(head, Known::if_match, match_scratch), sent(head, Known::if_none_match, none_scratch));
  if (!conditions) return conditions.error();
  command.conditions = std::move(*conditions);
  return std::nullopt;
}

std::optional<Problem> read_request_key(const RequestHead& head, Command& command) {
  if (!head.has(Known::idempotency_key)) return std::nullopt;
  std::string_view key = head.value(Known::idempotency_key);
  bool visible = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
  if (key.empty() || key.size() > max_request_key_size || !visible)
    return Problem{errc::bad_parameter, "an Idempotency-Key has 1 to 255 visible ASCII characters"};
  command.request_key = key;
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

std::optional<Problem> read_write(const RequestHead& head, WriteForm form, Command& command) {
  auto query = parse_query(head.query(), rules(form));
  if (!query) return query.error();
  auto problem = form == WriteForm::remove_range ? read_range(*query, command) : read_ttl(*query, form, command);
  if (!problem && form == WriteForm::put) problem = check_value(head);
  if (!problem && form == WriteForm::transaction) problem = check_json_body(head, "a transaction");
  if (!problem) problem = read_conditions(head, form, command);
  if (!problem) problem = read_request_key(head, command);
  return problem;
}

}  // namespace kvs
