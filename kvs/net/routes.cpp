#include "kvs/net/routes.hpp"

#include <algorithm>
#include <array>

#include "kvs/net/parameters.hpp"

namespace kvs {

namespace {

using enum errc;

template <std::size_t... N>
constexpr auto join(const errc (&... lists)[N]) {
  std::array<errc, (N + ...)> all{};
  auto at = all.begin();
  ((at = std::copy(std::begin(lists), std::end(lists), at)), ...);
  return all;
}

constexpr errc general[] = {malformed,  no_such_route,     method_not_allowed, request_too_large, uri_too_long,
                            wrong_host, foreign_origin,    unauthenticated,    forbidden,         starting,
                            draining,   headers_too_large, too_many_requests,  bad_parameter};

// Header fields of requests. What Accept and Content-Type may be is told by the media types of the bodies.
constexpr ParameterRule min_revision{"Kvs-Min-Revision", ValueType::position,
                                     "Wait until this instance has applied that revision (as min_revision)"};
constexpr ParameterRule if_match{.name = "If-Match", .description = "Only if the key has one of these revisions, or *"};
constexpr ParameterRule if_none_match{.name = "If-None-Match",
                                      .description = "Only if the key has none of these revisions; *: no such key"};
constexpr ParameterRule unless_same{.name = "If-None-Match",
                                    .description = "304 if the key still has one of these revisions"};
constexpr ParameterRule unless_known{.name = "If-None-Match", .description = "304 if it is still the same"};
constexpr ParameterRule idempotency_key{
    .name = "Idempotency-Key",
    .description =
        "Names this write, so that a retry with the same name gets the first answer: 1 to 255 visible ASCII"};
constexpr ParameterRule last_event_id{"Last-Event-ID", ValueType::position, "Go on after that event (before since)"};

constexpr ParameterRule read_fields[] = {min_revision};
constexpr ParameterRule item_fields[] = {if_match, unless_same, min_revision};
constexpr ParameterRule write_fields[] = {if_match, if_none_match, idempotency_key};
constexpr ParameterRule keyed_fields[] = {idempotency_key};
constexpr ParameterRule watch_fields[] = {last_event_id, min_revision};
constexpr ParameterRule document_fields[] = {unless_known};

// Errors, by what gives rise to them.
constexpr errc key_errors[] = {bad_key, empty_key, key_too_large};
constexpr errc read_errors[] = {other_log, bus_away, not_caught_up};
constexpr errc past_errors[] = {compacted, revision_in_future};
constexpr errc write_errors[] = {request_key_in_use, request_key_reused, bus_away, outcome_unknown, out_of_space};
// Those that belong to one operation, or two.
constexpr errc item_own[] = {no_such_key, condition_failed};
constexpr errc put_own[] = {condition_failed, value_too_large, unsupported_media_type};
constexpr errc condition_own[] = {condition_failed};
constexpr errc range_own[] = {key_too_large};
constexpr errc transaction_own[] = {empty_key, key_too_large, unsupported_media_type};
constexpr errc watch_own[] = {empty_key, key_too_large, not_acceptable};
constexpr errc watch_body_own[] = {unsupported_media_type};
constexpr errc history_own[] = {compacted};
constexpr errc subscribe_own[] = {revision_in_future};

constexpr auto get_item_errors = join(key_errors, item_own, read_errors, past_errors);
constexpr auto put_item_errors = join(key_errors, put_own, write_errors);
constexpr auto touch_item_errors = join(key_errors, item_own, write_errors);
constexpr auto delete_item_errors = join(key_errors, condition_own, write_errors);
constexpr auto list_errors = join(range_own, read_errors, past_errors);
constexpr auto delete_range_errors = join(range_own, write_errors);
constexpr auto transaction_errors = join(transaction_own, write_errors);
constexpr auto history_errors = join(key_errors, history_own, read_errors);
constexpr auto get_watch_errors = join(watch_own, read_errors, past_errors);
constexpr auto post_watch_errors = join(watch_own, watch_body_own, read_errors, past_errors);
constexpr auto subscribe_errors = join(subscribe_own, read_errors);
constexpr errc legacy_set_errors[] = {empty_key, key_too_large,   value_too_large, unsupported_media_type,
                                      bus_away,  outcome_unknown, out_of_space};
constexpr errc legacy_get_errors[] = {unsupported_media_type, other_log, bus_away, not_caught_up};

// Answers.
constexpr Success ok_text[] = {{200, "ok", Content::text}};
constexpr Success ready_text[] = {{200, "It takes requests", Content::text},
                                  {503, "It does not, and why", Content::text, "Retry-After"}};
constexpr Success item_answers[] = {
    {200, "The value; or the record, if Accept names application/json above */*, or with record", Content::item,
     "ETag"},
    {304, "The key still has that revision", Content::none, "ETag"}};
constexpr Success put_answers[] = {{200, "Replaced", Content::written, "ETag, Idempotency-Replayed"},
                                   {201, "Created", Content::written, "ETag, Idempotency-Replayed"}};
constexpr Success touch_answers[] = {{200, "Touched", Content::touched, "ETag, Idempotency-Replayed"}};
constexpr Success delete_answers[] = {{200, "Deleted, or there was none", Content::deleted, "Idempotency-Replayed"}};
constexpr Success list_answers[] = {
    {200, "A page; with Accept: application/x-ndjson all records, one a line", Content::listing, "Link"}};
constexpr Success transaction_answers[] = {{200, "Whether the conditions held, and what each operation did",
                                            Content::transaction_answer, "Idempotency-Replayed"}};
constexpr Success history_answers[] = {{200, "What is known of the key, newest first", Content::history}};
constexpr Success watch_answers[] = {
    {101, "A WebSocket: each message an array of events (/asyncapi.json)"},
    {200, "Events: one a line, or as server-sent events; with wait one array of them", Content::events}};
constexpr Success posted_watch_answers[] = {
    {200, "Events: one a line, or as server-sent events; with wait one array of them", Content::events}};
constexpr Success outcome_answers[] = {{200, "What became of it", Content::outcome}};
constexpr Success snapshot_answers[] = {{200, "The file", Content::snapshot, "Content-Disposition"}};
constexpr Success status_answers[] = {{200, "Its figures", Content::status}};
constexpr Success metrics_answers[] = {{200, "For Prometheus", Content::metrics}};
constexpr Success document_answers[] = {{200, "The document", Content::json, "ETag"},
                                        {304, "It is still the same", Content::none, "ETag"}};
constexpr Success root_answers[] = {{200, "A dozen lines with examples for curl", Content::text},
                                    {302, "For browsers: the page", Content::text, "Location"}};
constexpr Success page_answers[] = {{200, "The file", Content::page, "ETag"},
                                    {304, "It is still the same", Content::none, "ETag"}};
constexpr Success to_page_answers[] = {{307, "The page is at /ui/", Content::text, "Location"}};
constexpr Success set_answers[] = {{200, "\"SUCCESS\"", Content::text}};
constexpr Success pair_answers[] = {{200, "The pair", Content::pair}, {500, "There is no such key", Content::text}};
constexpr Success pairs_answers[] = {{200, "One object of all pairs", Content::pairs}};
constexpr Success subscribe_answers[] = {{101, "A WebSocket: each message a change (/asyncapi.json)"}};

constexpr ParameterRule verbose[] = {{"verbose", ValueType::flag, "A line for each check"}};
constexpr ParameterRule subscribe_parameters[] = {
    {"deletes", ValueType::flag, "Deletes and expiries, too"},
    {"since", ValueType::number, "Go on after that offset"},
    plain_read_parameters[0],
    plain_read_parameters[1],
    plain_read_parameters[2],
};

constexpr std::string_view get_only = "GET";
constexpr std::string_view get_head = "GET, HEAD";
constexpr std::string_view any = "GET, HEAD, POST, PUT, PATCH, DELETE";
constexpr std::string_view any_but_head = "GET, POST, PUT, PATCH, DELETE";

// What may be done at each route.
constexpr Operation item_operations[] = {
    {.methods = get_head,
     .id = "getKey",
     .summary = "The value of a key",
     .detail = "It comes as it was stored, with its Content-Type.",
     .parameters = item_parameters,
     .fields = item_fields,
     .answers = item_answers,
     .errors = get_item_errors},
    {.methods = "PUT",
     .id = "putKey",
     .summary = "Store the body as the value of a key",
     .detail = "Whatever it is; Content-Type (at most 255 bytes) is stored with it.",
     .parameters = put_parameters,
     .fields = write_fields,
     .body = Content::value,
     .answers = put_answers,
     .errors = put_item_errors},
    {.methods = "PATCH",
     .id = "touchKey",
     .summary = "Change how long a key lives",
     .parameters = touch_parameters,
     .fields = write_fields,
     .answers = touch_answers,
     .errors = touch_item_errors},
    {.methods = "DELETE",
     .id = "deleteKey",
     .summary = "Delete a key",
     .fields = write_fields,
     .answers = delete_answers,
     .errors = delete_item_errors},
};
constexpr Operation list_operations[] = {
    {.methods = get_head,
     .id = "listKeys",
     .summary = "Records in the order of their keys",
     .detail =
         "A page at a time, all of one revision: next is where the next one is, and where it is missing, that was "
         "the last. With Accept: application/x-ndjson all of them, one a line.",
     .parameters = list_parameters,
     .fields = read_fields,
     .answers = list_answers,
     .errors = list_errors},
    {.methods = "DELETE",
     .id = "deleteKeys",
     .summary = "Delete the keys with a prefix, or all",
     .detail = "Either prefix or all must be given. All of them go at one revision.",
     .parameters = range_parameters,
     .fields = keyed_fields,
     .answers = delete_answers,
     .errors = delete_range_errors},
};
constexpr Operation transaction_operations[] = {
    {.methods = "POST",
     .id = "transact",
     .summary = "Several operations at one revision",
     .detail = "If all conditions hold, those under then are carried out, else those under else.",
     .fields = keyed_fields,
     .body = Content::transaction,
     .answers = transaction_answers,
     .errors = transaction_errors},
};
constexpr Operation history_operations[] = {
    {.methods = get_head,
     .id = "getHistory",
     .summary = "What happened to a key, newest first",
     .parameters = history_parameters,
     .fields = read_fields,
     .answers = history_answers,
     .errors = history_errors},
};
constexpr Operation watch_operations[] = {
    {.methods = get_only,
     .id = "watch",
     .summary = "Changes as they happen",
     .detail = "Over a WebSocket, as server-sent events, as NDJSON, or with wait one answer as soon as there is "
               "something. Without since and initial: from now on.",
     .parameters = watch_parameters,
     .fields = watch_fields,
     .answers = watch_answers,
     .errors = get_watch_errors},
    {.methods = "POST",
     .id = "watchMany",
     .summary = "The same, with the parameters as JSON",
     .detail = "For many keys; there is nothing in the query then.",
     .fields = watch_fields,
     .body = Content::watch,
     .answers = posted_watch_answers,
     .errors = post_watch_errors},
};
constexpr Operation outcome_operations[] = {
    {.methods = get_head,
     .id = "getRequest",
     .summary = "What became of a write",
     .detail = "By its Idempotency-Key or request id.",
     .parameters = plain_read_parameters,
     .fields = read_fields,
     .answers = outcome_answers,
     .errors = read_errors},
};
constexpr Operation snapshot_operations[] = {
    {.methods = get_head,
     .id = "getSnapshot",
     .summary = "The whole state at one revision, as a file",
     .parameters = plain_read_parameters,
     .fields = read_fields,
     .answers = snapshot_answers,
     .errors = read_errors},
};
constexpr Operation status_operations[] = {
    {.methods = get_head, .id = "getStatus", .summary = "What the server says of itself", .answers = status_answers},
};
constexpr Operation livez_operations[] = {
    {.methods = get_head,
     .id = "isAlive",
     .summary = "Whether the server lives",
     .parameters = verbose,
     .answers = ok_text},
};
constexpr Operation readyz_operations[] = {
    {.methods = get_head,
     .id = "isReady",
     .summary = "Whether the server takes requests",
     .parameters = verbose,
     .answers = ready_text},
};
constexpr Operation metrics_operations[] = {
    {.methods = get_head, .id = "getMetrics", .summary = "Figures for Prometheus", .answers = metrics_answers},
};
constexpr Operation openapi_operations[] = {
    {.methods = get_head,
     .id = "getOpenapi",
     .summary = "Every route, as an OpenAPI 3.1 document",
     .fields = document_fields,
     .answers = document_answers},
};
constexpr Operation asyncapi_operations[] = {
    {.methods = get_head,
     .id = "getAsyncapi",
     .summary = "The watch and its events, as an AsyncAPI 3.0 document",
     .fields = document_fields,
     .answers = document_answers},
};
constexpr Operation root_operations[] = {
    {.methods = get_head, .id = "getFrontPage", .summary = "Examples for curl", .answers = root_answers},
};
constexpr Operation page_operations[] = {
    {.methods = get_head,
     .id = "getPage",
     .summary = "A page that shows the keys and their changes",
     .fields = document_fields,
     .answers = page_answers},
};
constexpr Operation to_page_operations[] = {
    {.methods = get_head, .id = "goToPage", .summary = "The way to the page", .answers = to_page_answers},
};
constexpr Operation set_operations[] = {
    {.methods = any_but_head,
     .id = "legacySet",
     .summary = "Set a key, as in the original project",
     .body = Content::pair,
     .answers = set_answers,
     .errors = legacy_set_errors},
};
constexpr Operation get_operations[] = {
    {.methods = any,
     .id = "legacyGet",
     .summary = "Get a key, as in the original project",
     .parameters = plain_read_parameters,
     .fields = read_fields,
     .body = Content::pair,
     .answers = pair_answers,
     .errors = legacy_get_errors},
};
constexpr Operation getall_operations[] = {
    {.methods = any,
     .id = "legacyGetAll",
     .summary = "All keys and values, as in the original project",
     .parameters = plain_read_parameters,
     .fields = read_fields,
     .answers = pairs_answers,
     .errors = read_errors},
};
constexpr Operation subscribe_operations[] = {
    {.methods = get_only,
     .id = "legacySubscribe",
     .summary = "Every set from now on over a WebSocket, as in the original project",
     .parameters = subscribe_parameters,
     .fields = read_fields,
     .answers = subscribe_answers,
     .errors = subscribe_errors},
};

// Routes by prefix, whose places find_route() knows, come first.
constexpr RouteInfo table[] = {
    {Route::kv_item, "/v1/kv/{key}", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS", false, false, true, item_operations},
    {Route::request_outcome, "/v1/requests/{id}", "GET, HEAD, OPTIONS", false, false, true, outcome_operations},
    {Route::key_history, "/v1/history/{key}", "GET, HEAD, OPTIONS", false, false, true, history_operations},
    {Route::ui, "/ui/{file}", "GET, HEAD, OPTIONS", true, false, false, page_operations},
    {Route::kv_list, "/v1/kv", "GET, HEAD, DELETE, OPTIONS", false, false, true, list_operations},
    {Route::transaction, "/v1/txn", "POST, OPTIONS", false, false, false, transaction_operations},
    {Route::watch, "/v1/watch", "GET, POST, OPTIONS", false, false, true, watch_operations},
    {Route::snapshot, "/v1/snapshot", "GET, HEAD, OPTIONS", false, false, true, snapshot_operations},
    {Route::status, "/v1/status", "GET, HEAD, OPTIONS", false, true, false, status_operations},
    {Route::livez, "/livez", "GET, HEAD, OPTIONS", true, true, false, livez_operations},
    {Route::readyz, "/readyz", "GET, HEAD, OPTIONS", true, true, false, readyz_operations},
    {Route::metrics, "/metrics", "GET, HEAD, OPTIONS", true, true, false, metrics_operations},
    {Route::openapi, "/openapi.json", "GET, HEAD, OPTIONS", true, false, false, openapi_operations},
    {Route::asyncapi, "/asyncapi.json", "GET, HEAD, OPTIONS", true, false, false, asyncapi_operations},
    {Route::root, "/", "GET, HEAD, OPTIONS", true, false, false, root_operations},
    {Route::ui, "/ui", "GET, HEAD, OPTIONS", true, false, false, to_page_operations},
    {Route::legacy_set, "/set", "GET, POST, PUT, PATCH, DELETE, OPTIONS", true, false, false, set_operations},
    {Route::legacy_get, "/get", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", true, false, true, get_operations},
    {Route::legacy_getall, "/getall", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", true, false, true,
     getall_operations},
    {Route::legacy_subscribe, "/subscribe", "GET, OPTIONS", true, false, true, subscribe_operations},
};

constexpr const RouteInfo& kv_item = table[0];
constexpr const RouteInfo& request_outcome = table[1];
constexpr const RouteInfo& key_history = table[2];
constexpr const RouteInfo& ui_file = table[3];
static_assert(kv_item.route == Route::kv_item && request_outcome.route == Route::request_outcome &&
              key_history.route == Route::key_history && ui_file.route == Route::ui);

// OPTIONS alone: parse_head() takes "*" for nothing else.
constexpr RouteInfo server{Route::root, "*", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", true, true, false, {}};
constexpr RouteInfo unknown_v1{Route::unknown_v1, "", "", false, false, false, {}};
constexpr RouteInfo unknown{Route::unknown, "", "", true, false, false, {}};

// Whether the Allow field says what the operations do.
constexpr bool allow_is_true(const RouteInfo& route) {
  std::string_view rest = route.allow;
  for (const Operation& operation : route.operations) {
    if (!rest.starts_with(operation.methods)) return false;
    rest.remove_prefix(operation.methods.size());
    if (!rest.starts_with(", ")) return false;
    rest.remove_prefix(2);
  }
  return rest == "OPTIONS";
}
static_assert(std::ranges::all_of(table, allow_is_true));

}  // namespace

std::span<const RouteInfo> all_routes() { return table; }

std::span<const errc> general_errors() { return general; }

const RouteInfo& find_route(std::string_view path) {
  if (path.starts_with(kv_item_prefix)) return kv_item;
  if (path.starts_with(request_prefix)) return request_outcome;
  if (path.starts_with(history_prefix)) return key_history;
  for (const RouteInfo& route : table) {
    if (route.path == path) return route;
  }
  if (path.starts_with(ui_prefix)) return ui_file;
  if (path == server.path) return server;
  return path.starts_with("/v1/") || path == "/v1" ? unknown_v1 : unknown;
}

std::string_view path_template(Route route) {
  for (const RouteInfo& one : table) {
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
