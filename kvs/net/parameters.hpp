// The query parameters of the routes of /v1, by which queries are parsed and which the API's documents show.
#pragma once
#include <array>
#include <cstddef>

#include "kvs/net/target.hpp"

namespace kvs {

// What every read takes: how new the state must be that it is answered from.
inline constexpr ParameterRule plain_read_parameters[] = {
    {"min_revision", ValueType::position, "Wait until this instance has applied that revision"},
    {"linearizable", ValueType::flag, "See everything that was acknowledged anywhere before this read began"},
    {"timeout", ValueType::duration, "How long to wait for that: 5s if not given, at most 60s"},
};

// Those, behind others of its own.
template <std::size_t N>
constexpr auto read_parameters(const ParameterRule (&own)[N]) {
  constexpr std::size_t plain = std::size(plain_read_parameters);
  std::array<ParameterRule, N + plain> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = own[i];
  for (std::size_t i = 0; i < plain; ++i) all[N + i] = plain_read_parameters[i];
  return all;
}

inline constexpr auto item_parameters = read_parameters({
    {"record", ValueType::flag, "The whole record as JSON instead of its value"},
    {"revision", ValueType::position, "As it was at that revision; 0 is the empty store"},
});

inline constexpr auto list_parameters = read_parameters({
    {"prefix", ValueType::text, "Keys that begin with it"},
    {"start", ValueType::text, "Keys from it on"},
    {"end", ValueType::text, "Keys before it"},
    {"after", ValueType::text, "Keys behind it"},
    {"limit", ValueType::count, "How many at most: of a page 1,000 if not given, and never more than 10,000"},
    {"reverse", ValueType::flag, "From the last key down"},
    {"keys_only", ValueType::flag, "The size of each value instead of the value"},
    {"separator", ValueType::text, "Fold what follows it, behind the prefix, into prefixes"},
    {"revision", ValueType::position, "As it was at that revision; 0 is the empty store"},
});

inline constexpr auto history_parameters = read_parameters({
    {"limit", ValueType::count, "How many events at most: 100 if not given, and never more than 10,000"},
});

inline constexpr auto watch_parameters = read_parameters({
    {.name = "key", .description = "This key", .repeatable = true},
    {.name = "prefix", .description = "Keys that begin with it", .repeatable = true},
    {"since", ValueType::position, "Go on after that revision; 0 is the beginning"},
    {"initial", ValueType::flag, "The state first, then what changes"},
    {"count", ValueType::count, "End after so many changes"},
    {"progress", ValueType::duration, "Say how far it is after so long without an event: 100ms to 5m"},
    {"ops", ValueType::text, "Only these changes: set, delete, expire, with commas between them"},
    {"keys_only", ValueType::flag, "The size of each value instead of the value"},
    {"deliver", ValueType::choice, "While behind, all changes or only the latest of each key", "all|latest"},
    {"on_gap", ValueType::choice,
     "Where the history no longer reaches back: tell the difference, begin anew with the whole state, or fail",
     "diff|reset|fail"},
    {"prev", ValueType::flag, "With the value that was there before"},
    {"wait", ValueType::duration, "One answer as soon as there is something, or after so long: at most 10m"},
});

inline constexpr ParameterRule put_parameters[] = {
    {"ttl", ValueType::duration, "The key goes after so long; for good if not given"},
};
inline constexpr ParameterRule touch_parameters[] = {
    {.name = "ttl", .description = "The key goes after so long (a duration); none: it stays", .required = true},
};
inline constexpr ParameterRule range_parameters[] = {
    {"prefix", ValueType::text, "Keys that begin with it: at least one byte"},
    {"all", ValueType::flag, "Every key"},
};

}  // namespace kvs
