// What a request target says: a key in the path, parameters in the query.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/errc.hpp"
#include "kvs/position.hpp"

namespace kvs {

// The key that `raw` (the path after "/v1/kv/") stands for: percent-decoded once, never normalised; '+' stays '+'; any
// byte may be escaped. Gives a view of `raw` itself when it holds no escape, else of `scratch`.
// Errors: empty_key, bad_key (a bad escape, a raw control byte), key_too_large.
result<std::string_view> decode_key(std::string_view raw, std::string& scratch);
// The inverse, for links: unreserved characters, '/' and what RFC 3986 allows in a segment stay.
void append_encoded_key(std::string& out, std::string_view key);
// The same for a value in a query.
void append_encoded_value(std::string& out, std::string_view value);

// What the text of a parameter stands for.
enum class ValueType : std::uint8_t {
  text,
  choice,  // one of the rule's choices
  flag,
  number,
  count,  // a number above 0
  duration,
  position,
};

// A parameter (or a header field) that a route takes, and what the API's documents say of it.
struct ParameterRule {
  std::string_view name;
  ValueType type = ValueType::text;
  std::string_view description = {};  // a few words, without a full stop
  std::string_view choices = {};      // "all|latest"
  bool repeatable = false;
  bool required = false;
};

// The parameters of a query, decoded ("%2F" and '+' = space). Views refer to the query given or to the object itself.
class Query {
 public:
  struct Parameter {
    std::string name;
    std::string value;  // "" for a bare name
  };

  // The value of a parameter that stands alone; the first one if there are several.
  std::optional<std::string_view> value(std::string_view name) const;
  std::vector<std::string_view> values(std::string_view name) const;
  const std::vector<Parameter>& all() const { return parameters_; }

  // Typed values. nullopt: not given. Errors: bad_parameter, naming the parameter.
  result<std::optional<std::chrono::milliseconds>> duration(std::string_view name) const;
  result<std::optional<std::uint64_t>> number(std::string_view name, std::uint64_t max = UINT64_MAX) const;
  result<std::optional<Position>> position(std::string_view name) const;
  result<bool> flag(std::string_view name) const;  // not given: false

 private:
  friend result<Query> parse_query(std::string_view, std::span<const ParameterRule>);
  friend Query parse_query_leniently(std::string_view);
  std::vector<Parameter> parameters_;
};

// For /v1: an unknown parameter (with a suggestion), a repeated one that must stand alone, a bad escape: bad_parameter.
result<Query> parse_query(std::string_view raw, std::span<const ParameterRule> rules);
// For the legacy routes: takes whatever comes; a bad escape stays as it is.
Query parse_query_leniently(std::string_view raw);

}  // namespace kvs
