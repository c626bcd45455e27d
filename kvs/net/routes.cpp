#include "kvs/net/routes.hpp"

namespace kvs {

namespace {

constexpr std::string_view get_only = "GET, OPTIONS";
constexpr std::string_view get_head = "GET, HEAD, OPTIONS";
constexpr std::string_view any = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr std::string_view any_but_head = "GET, POST, PUT, PATCH, DELETE, OPTIONS";

constexpr RouteInfo kv_item{Route::kv_item, "/v1/kv/{key}", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
                            false,          false,          true};
constexpr RouteInfo request_outcome{Route::request_outcome, "/v1/requests/{id}", get_head, false, false, true};
constexpr RouteInfo ui_file{Route::ui, "/ui/{file}", get_head, true, false, false};
constexpr RouteInfo key_history{Route::key_history, "/v1/history/{key}", get_head, false, false, true};
constexpr RouteInfo unknown_v1{Route::unknown_v1, "", "", false, false, false};
constexpr RouteInfo unknown{Route::unknown, "", "", true, false, false};

constexpr RouteInfo exact[] = {
    {Route::kv_list, "/v1/kv", "GET, HEAD, DELETE, OPTIONS", false, false, true},
    {Route::transaction, "/v1/txn", "POST, OPTIONS", false, false, false},
    {Route::watch, "/v1/watch", "GET, POST, OPTIONS", false, false, true},
    {Route::snapshot, "/v1/snapshot", get_head, false, false, true},
    {Route::status, "/v1/status", get_head, false, true, false},
    {Route::livez, "/livez", get_head, true, true, false},
    {Route::readyz, "/readyz", get_head, true, true, false},
    {Route::metrics, "/metrics", get_head, true, true, false},
    {Route::root, "/", get_head, true, false, false},
    {Route::ui, "/ui", get_head, true, false, false},
    {Route::root, "*", any, true, true, false},  // OPTIONS alone: parse_head() takes "*" for nothing else
    {Route::legacy_set, "/set", any_but_head, true, false, false},
    {Route::legacy_get, "/get", any, true, false, true},
    {Route::legacy_getall, "/getall", any, true, false, true},
    {Route::legacy_subscribe, "/subscribe", get_only, true, false, true},
};

}  // namespace

const RouteInfo& find_route(std::string_view path) {
  if (path.starts_with(kv_item_prefix)) return kv_item;
  if (path.starts_with(request_prefix)) return request_outcome;
  if (path.starts_with(history_prefix)) return key_history;
  for (const RouteInfo& route : exact) {
    if (route.path == path) return route;
  }
  if (path.starts_with(ui_prefix)) return ui_file;
  return path.starts_with("/v1/") || path == "/v1" ? unknown_v1 : unknown;
}

std::string_view path_template(Route route) {
  for (const RouteInfo* one : {&kv_item, &request_outcome, &key_history, &ui_file}) {
    if (one->route == route) return one->path;
  }
  for (const RouteInfo& one : exact) {
    if (one.route == route) return one.path;
  }
  return "other";
}

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      break;
  }
  return "other";
}

bool allows(const RouteInfo& route, Method method) {
  return route.allow.find(to_string(method)) != std::string_view::npos;
}

bool writes(const RouteInfo& route, Method method) {
  if (method == Method::options || method == Method::head) return false;
  bool keys = route.route == Route::kv_item || route.route == Route::kv_list;
  return route.route == Route::legacy_set || route.route == Route::transaction || (keys && method != Method::get);
}

}  // namespace kvs
