// Which route a path names, and what that route takes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kvs/net/head.hpp"

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
  root,
  ui,
  legacy_set,
  legacy_get,
  legacy_getall,
  legacy_subscribe,
  unknown,
};

inline constexpr std::size_t routes = static_cast<std::size_t>(Route::unknown) + 1;

struct RouteInfo {
  Route route;
  std::string_view path;   // a prefix if it ends with {…}
  std::string_view allow;  // the methods, as the Allow field lists them
  bool legacy;             // plain text errors, any query
  bool while_starting;     // answers before the data is loaded
  bool reads;              // tells of the state, unless it writes
};

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
