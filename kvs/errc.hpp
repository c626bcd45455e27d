// What can go wrong for a client, by the names the API shows; and the result type that carries it.
#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kvs {

// The `code` of a problem document. The names are part of the API: never rename one.
enum class errc : std::uint8_t {
  malformed = 1,
  bad_parameter,
  bad_key,
  empty_key,
  key_too_large,
  value_too_large,
  request_too_large,
  uri_too_long,
  headers_too_large,
  no_such_key,
  no_such_route,
  method_not_allowed,
  unsupported_media_type,
  not_acceptable,
  wrong_host,
  foreign_origin,
  unauthenticated,
  forbidden,
  condition_failed,
  request_key_in_use,
  request_key_reused,
  compacted,
  other_log,
  revision_in_future,
  too_many_requests,
  bus_away,
  starting,
  draining,
  not_caught_up,
  outcome_unknown,
  out_of_space,
};

// "no_such_key"; never empty for a value of the enumeration.
std::string_view to_string(errc code);
// The inverse; nullopt for a name this version does not know.
std::optional<errc> parse_errc(std::string_view name);

// An error somebody outside caused: which, and a sentence that says what to do next (UTF-8, no newline).
struct Problem {
  errc code;
  std::string detail;
  std::string extra = {};  // further members of the problem document, as text: "\"current_revision\":7"
};

template <class T>
using result = boost::system::result<T, Problem>;

// What result<T>::value() throws when there is none: a bug of ours, for whoever calls value() has not checked.
[[noreturn]] inline void throw_exception_from_error(const Problem& problem, const boost::source_location&) {
  throw std::logic_error(problem.detail);
}

}  // namespace kvs
