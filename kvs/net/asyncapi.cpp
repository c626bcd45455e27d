// /asyncapi.json: the watch, its messages and events, as an AsyncAPI 3.0 document.
#include <boost/json.hpp>

#include "kvs/net/api_document.hpp"
#include "kvs/net/routes.hpp"

namespace kvs {

namespace {

namespace json = boost::json;

// All but what comes from the table of routes: the channels' addresses, summaries and queries.
constexpr std::string_view frame = R"json({
"asyncapi": "3.0.0",
"info": {"title": "kvs", "description": "Changes of keys as they happen. Requests and answers are in /openapi.json."},
"defaultContentType": "application/json",
"channels": {
  "watch": {"messages": {
    "events": {"$ref": "#/components/messages/events"},
    "event": {"$ref": "#/components/messages/event"},
    "progressRequest": {"$ref": "#/components/messages/progressRequest"}}},
  "subscribe": {"messages": {"legacyChange": {"$ref": "#/components/messages/legacyChange"}}}},
"operations": {
  "sendEvents": {"action": "send", "channel": {"$ref": "#/channels/watch"},
    "summary": "Over a WebSocket (subprotocol kvs.v1): arrays of events, a revision never split",
    "description": "A closing says why and from where to go on, CODE since=POSITION: 1000 count, 1001 draining, 1002 protocol_error, 1007 bad_text, 1008 forbidden, 1009 too_large, 1013 dead or unreadable_history, 4410 compacted.",
    "messages": [{"$ref": "#/channels/watch/messages/events"}]},
  "streamEvents": {"action": "send", "channel": {"$ref": "#/channels/watch"},
    "summary": "As NDJSON, or as server-sent events, whose ids are positions to go on from",
    "description": "A stream that ends before its time has an error as its last event, with the code draining, forbidden, compacted or unreadable_history.",
    "messages": [{"$ref": "#/channels/watch/messages/event"}], "bindings": {"http": {"method": "GET", "bindingVersion": "0.3.0"}}},
  "receiveProgressRequest": {"action": "receive", "channel": {"$ref": "#/channels/watch"},
    "summary": "Over a WebSocket: answered by a progress event, in order",
    "messages": [{"$ref": "#/channels/watch/messages/progressRequest"}]},
  "sendLegacyChanges": {"action": "send", "channel": {"$ref": "#/channels/subscribe"},
    "summary": "As the original project sent them: every set from now on",
    "messages": [{"$ref": "#/channels/subscribe/messages/legacyChange"}]}},
"components": {"messages": {
  "events": {"title": "A text message of a WebSocket", "payload": {"$ref": "#/components/schemas/Events"}},
  "event": {"title": "One event", "payload": {"$ref": "#/components/schemas/Event"}},
  "progressRequest": {"title": "How far is it?", "payload": {"$ref": "#/components/schemas/ProgressRequest"}},
  "legacyChange": {"title": "A change, as the original project told it", "payload": {"$ref": "#/components/schemas/LegacyChange"}}}}
})json";

void describe(json::object& channel, Route wanted) {
  std::string_view path = path_template(wanted);
  const RouteInfo& route = find_route(path);
  const Operation& operation = route.operations.front();
  channel["address"] = path;
  channel["description"] = operation.summary;
  channel["bindings"] = {{"ws",
                          {{"method", "GET"},
                           {"query", members_schema(operation.parameters)},
                           {"headers", members_schema(operation.fields)},
                           {"bindingVersion", "0.1.0"}}}};
}

ApiDocument make_asyncapi() {
  json::object document = json::parse(frame).as_object();
  document["info"].as_object()["version"] = KVS_VERSION;
  json::object& channels = document["channels"].as_object();
  describe(channels["watch"].as_object(), Route::watch);
  describe(channels["subscribe"].as_object(), Route::legacy_subscribe);
  document["components"].as_object()["schemas"] = api_schemas();
  return finish_document(document);
}

}  // namespace

const ApiDocument& asyncapi_document() {
  static const ApiDocument document = make_asyncapi();
  return document;
}

}  // namespace kvs
