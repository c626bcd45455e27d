#include "kvs/errc.hpp"

#include <array>

namespace kvs {
namespace {

// In the order of the enumeration, from 1.
constexpr std::array<std::string_view, 31> names{
    "malformed",
    "bad_parameter",
    "bad_key",
    "empty_key",
    "key_too_large",
    "value_too_large",
    "request_too_large",
    "uri_too_long",
    "headers_too_large",
    "no_such_key",
    "no_such_route",
    "method_not_allowed",
    "unsupported_media_type",
    "not_acceptable",
    "wrong_host",
    "foreign_origin",
    "unauthenticated",
    "forbidden",
    "condition_failed",
    "request_key_in_use",
    "request_key_reused",
    "compacted",
    "other_log",
    "revision_in_future",
    "too_many_requests",
    "bus_away",
    "starting",
    "draining",
    "not_caught_up",
    "outcome_unknown",
    "out_of_space",
};
static_assert(names.size() == static_cast<std::size_t>(errc::out_of_space));

}  // namespace

std::string_view to_string(errc code) {
  std::size_t index = static_cast<std::size_t>(code) - 1;
  return index < names.size() ? names[index] : std::string_view("malformed");
}

std::optional<errc> parse_errc(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<errc>(i + 1);
  }
  return std::nullopt;
}

}  // namespace kvs
