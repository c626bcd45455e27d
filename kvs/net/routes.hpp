// The table of routes: which one a path names, and what it takes and answers. Requests are routed by it, and the API's
// documents (/openapi.json, kvs-http(7)) are made of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kvs/errc.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/target.hpp"

namespace kvs {

enum class Route : std::uint8_t {
  kv_item,
  kv_list,
  key_history,
  transaction,
  request_outcome,
  snapshot,
  watch,
  status,
  unknown_v1,
  livez,
  readyz,
  metrics,
  openapi,
  asyncapi,
  root,
  ui,
  legacy_set,
  legacy_get,
  legacy_getall,
  legacy_subscribe,
  unknown,
};

inline constexpr std::size_t routes = static_cast<std::size_t>(Route::unknown) + 1;

// What a body is.
enum class Content : std::uint8_t {
  none,
  value,     // any bytes
  item,      // a value, or its record
  text,      // plain text
  page,      // HTML, style, script
  listing,   // a page, or records one a line
  events,    // NDJSON, server-sent events, or an array
  snapshot,  // a snapshot's file
  pair,      // of the original project's API
  pairs,     // all of them
  metrics,   // for Prometheus
  json,      // anything (the API's documents)
  // JSON of a certain form, each named in api_schemas.cpp
  written,
  touched,
  deleted,
  transaction,
  transaction_answer,
  history,
  outcome,
  status,
  watch,
};

// One of the answers of an operation that went well.
struct Success {
  int status;
  std::string_view description;
  Content content = Content::none;
  std::string_view fields = {};  // beside those that every answer has: "ETag, Link"
};

// What may be done at a route.
struct Operation {
  std::string_view methods;  // "GET, HEAD": they do alike, but that HEAD gets no body
  std::string_view id;
  std::string_view summary;
  std::string_view detail = {};
  std::span<const ParameterRule> parameters = {};
  std::span<const ParameterRule> fields = {};  // of the request
  Content body = Content::none;
  std::span<const Success> answers = {};
  std::span<const errc> errors = {};  // beside general_errors()
};

struct RouteInfo {
  Route route;
  std::string_view path;   // a prefix if it ends with {…}
  std::string_view allow;  // the methods of its operations and OPTIONS, as the Allow field lists them
  bool legacy;             // plain text errors, any query
  bool while_starting;     // answers before the data is loaded
  bool reads;              // tells of the state, unless it writes
  std::span<const Operation> operations;
};

// In the order in which they are shown. Static, like all of it. Those for unknown paths are not among them.
std::span<const RouteInfo> all_routes();
// What any request may be answered with, whatever it asks for.
std::span<const errc> general_errors();

const RouteInfo& find_route(std::string_view path);
// As the table of routes has it, "/v1/kv/{key}"; "other" for those that are not in it.
std::string_view path_template(Route route);
// "GET"; "other" for a method that is none of ours.
std::string_view to_string(Method method);
bool allows(const RouteInfo& route, Method method);
// Whether a request of that method changes something there.
bool writes(const RouteInfo& route, Method method);

inline constexpr std::string_view kv_item_prefix = "/v1/kv/";
inline constexpr std::string_view history_prefix = "/v1/history/";
inline constexpr std::string_view request_prefix = "/v1/requests/";
inline constexpr std::string_view ui_prefix = "/ui/";

}  // namespace kvs
