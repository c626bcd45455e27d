// The JSON of requests and answers, as JSON Schema (2020-12).
#include <boost/json.hpp>

#include "kvs/net/api_document.hpp"
#include "kvs/net/parameters.hpp"

namespace kvs {

namespace {

namespace json = boost::json;

constexpr std::string_view plain_schemas = R"json({
"Revision": {"type": "integer", "minimum": 0, "maximum": 9007199254740991,
  "description": "The place of a change in the order of all changes"},
"Position": {"type": "string", "pattern": "^[0-9]+(@[0-9a-f]{16})?$", "examples": ["42", "42@00d1c7f29a4be310"],
  "description": "A revision and, maybe, the history it belongs to (Kvs-Log-Id): another one is refused"},
"Duration": {"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$", "examples": ["500ms", "30s", "1h30m"]},
"Time": {"type": "string", "format": "date-time", "examples": ["2026-11-22T06:12:16.016Z"]},
"Base64": {"type": "string", "contentEncoding": "base64", "description": "Of bytes that are not UTF-8"},
"Key": {"properties": {"key": {"type": "string", "minLength": 1}, "key_base64": {"$ref": "#/components/schemas/Base64"}},
  "oneOf": [{"required": ["key"]}, {"required": ["key_base64"]}]},
"Value": {"properties": {"value": {"type": "string"}, "value_base64": {"$ref": "#/components/schemas/Base64"}},
  "oneOf": [{"required": ["value"]}, {"required": ["value_base64"]}]},
"ValueOrSize": {"properties": {"value": {"type": "string"}, "value_base64": {"$ref": "#/components/schemas/Base64"},
    "size": {"type": "integer", "minimum": 0, "description": "With keys_only"}},
  "oneOf": [{"required": ["value"]}, {"required": ["value_base64"]}, {"required": ["size"]}]},
"RecordMembers": {
  "allOf": [{"$ref": "#/components/schemas/Key"}, {"$ref": "#/components/schemas/ValueOrSize"}],
  "required": ["revision", "created_revision", "version", "modified"],
  "properties": {
    "revision": {"$ref": "#/components/schemas/Revision"},
    "created_revision": {"$ref": "#/components/schemas/Revision"},
    "version": {"type": "integer", "minimum": 1, "description": "How often it was set since it was created"},
    "modified": {"$ref": "#/components/schemas/Time"},
    "expires": {"$ref": "#/components/schemas/Time"},
    "content_type": {"type": "string"}}},
"Record": {"type": "object", "$ref": "#/components/schemas/RecordMembers"},
"FoundRecord": {"description": "In the answer to a retry only key and revision are left of a record",
  "anyOf": [{"$ref": "#/components/schemas/Record"}, {"type": "null"},
    {"type": "object", "$ref": "#/components/schemas/Key", "required": ["revision"],
      "properties": {"revision": {"$ref": "#/components/schemas/Revision"}}}]},
"Folded": {"type": "object", "description": "What separator has folded",
  "properties": {"prefix": {"type": "string"}, "prefix_base64": {"$ref": "#/components/schemas/Base64"}},
  "oneOf": [{"required": ["prefix"]}, {"required": ["prefix_base64"]}]},
"Page": {"type": "object", "required": ["revision", "items"],
  "properties": {
    "revision": {"$ref": "#/components/schemas/Revision"},
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Record"}},
    "prefixes": {"type": "array", "items": {"type": "string"}},
    "prefixes_base64": {"type": "array", "items": {"$ref": "#/components/schemas/Base64"}},
    "next": {"type": "string", "format": "uri-reference", "description": "The next page; where it is missing, this is the last"}}},
"Line": {"oneOf": [{"$ref": "#/components/schemas/Record"}, {"$ref": "#/components/schemas/Folded"}]},
"Written": {"type": "object", "$ref": "#/components/schemas/Key", "required": ["revision", "created"],
  "properties": {
    "revision": {"$ref": "#/components/schemas/Revision"},
    "created": {"type": "boolean"},
    "expires": {"$ref": "#/components/schemas/Time"}}},
"Touched": {"type": "object", "$ref": "#/components/schemas/Key", "required": ["revision"],
  "properties": {
    "revision": {"$ref": "#/components/schemas/Revision"},
    "expires": {"$ref": "#/components/schemas/Time"}}},
"Deleted": {"type": "object", "required": ["deleted", "revision"],
  "properties": {
    "deleted": {"type": "integer", "minimum": 0, "description": "How many keys"},
    "revision": {"$ref": "#/components/schemas/Revision"}}},
"Transaction": {"type": "object",
  "properties": {
    "if": {"type": "array", "items": {"$ref": "#/components/schemas/TransactionCondition"}},
    "then": {"type": "array", "items": {"$ref": "#/components/schemas/TransactionStep"}},
    "else": {"type": "array", "items": {"$ref": "#/components/schemas/TransactionStep"}}},
  "examples": [{"if": [{"key": "lock", "absent": true}], "then": [{"op": "set", "key": "lock", "value": "me", "ttl": "30s"}],
    "else": [{"op": "get", "key": "lock"}]}]},
"TransactionCondition": {"type": "object", "$ref": "#/components/schemas/Key",
  "properties": {
    "revision": {"$ref": "#/components/schemas/Revision"},
    "absent": {"const": true},
    "value": {"type": "string"},
    "value_base64": {"$ref": "#/components/schemas/Base64"}},
  "oneOf": [{"required": ["revision"]}, {"required": ["absent"]}, {"required": ["value"]}, {"required": ["value_base64"]}]},
"TransactionStep": {"oneOf": [
  {"type": "object", "allOf": [{"$ref": "#/components/schemas/Key"}, {"$ref": "#/components/schemas/Value"}], "required": ["op"],
    "properties": {"op": {"const": "set"}, "ttl": {"$ref": "#/components/schemas/Duration"}, "content_type": {"type": "string", "maxLength": 255}}},
  {"type": "object", "$ref": "#/components/schemas/Key", "required": ["op"], "properties": {"op": {"enum": ["delete", "get"]}}}]},
"TransactionAnswer": {"type": "object", "required": ["succeeded", "revision", "results"],
  "properties": {
    "succeeded": {"type": "boolean", "description": "Whether all conditions held"},
    "revision": {"$ref": "#/components/schemas/Revision"},
    "results": {"type": "array", "description": "One for each operation", "items": {"oneOf": [
      {"type": "object", "$ref": "#/components/schemas/Key", "required": ["op", "revision", "created"],
        "properties": {"op": {"const": "set"}, "revision": {"$ref": "#/components/schemas/Revision"}, "created": {"type": "boolean"}}},
      {"type": "object", "$ref": "#/components/schemas/Key", "required": ["op", "deleted"],
        "properties": {"op": {"const": "delete"}, "deleted": {"enum": [0, 1]}}},
      {"type": "object", "$ref": "#/components/schemas/Key", "required": ["op", "record"],
        "properties": {"op": {"const": "get"}, "record": {"$ref": "#/components/schemas/FoundRecord"}}}]}}}},
"History": {"type": "object", "$ref": "#/components/schemas/Key", "required": ["revision", "oldest_revision", "items"],
  "properties": {
    "revision": {"$ref": "#/components/schemas/Revision"},
    "oldest_revision": {"$ref": "#/components/schemas/Revision"},
    "truncated": {"const": true, "description": "It ended at 8 MiB, below the limit: there may be older changes"},
    "items": {"type": "array", "items": {"$ref": "#/components/schemas/Change"}}}},
"Outcome": {"type": "object", "required": ["id", "outcome"],
  "properties": {
    "id": {"type": "string"},
    "outcome": {"enum": ["applied", "refused", "not_applied", "unknown"]},
    "revision": {"$ref": "#/components/schemas/Revision"},
    "status": {"type": "integer", "description": "Of the answer it got, or would have got"}}},
"Status": {"type": "object", "required": ["version", "instance", "watchers", "connections", "uptime_s", "ready", "draining", "fsync", "bus", "limits"],
  "properties": {
    "version": {"type": "string"},
    "instance": {"type": "string"},
    "log_id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    "revision": {"$ref": "#/components/schemas/Revision"},
    "oldest_revision": {"$ref": "#/components/schemas/Revision"},
    "keys": {"type": "integer", "minimum": 0},
    "bytes": {"type": "integer", "minimum": 0},
    "watchers": {"type": "integer", "minimum": 0},
    "connections": {"type": "integer", "minimum": 0},
    "uptime_s": {"type": "integer", "minimum": 0},
    "ready": {"type": "boolean"},
    "draining": {"type": "boolean"},
    "failure": {"type": "string"},
    "fsync": {"type": "string"},
    "bus": {"type": "object", "required": ["kind", "up"], "additionalProperties": true,
      "properties": {"kind": {"enum": ["local", "kafka"]}, "up": {"type": "boolean"}, "lag": {"type": "integer"},
        "detail": {"type": "string", "description": "Why it is not up"},
        "writes_refused": {"type": "string", "description": "Why it takes no writes although it is up, and what repairs that"}}},
    "limits": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}}},
"LegacyPair": {"type": "object", "properties": {"Key": {"type": "string"}, "Value": {"type": "string"}}},
"LegacyPairs": {"type": "object", "additionalProperties": {"type": "string"}},
"LegacyChange": {"type": "object", "required": ["Topic", "Partition", "Offset", "Key", "Value"],
  "properties": {
    "Topic": {"type": "string"},
    "Partition": {"const": 0},
    "Offset": {"type": "integer", "minimum": 0, "description": "The revision less one"},
    "Key": {"type": "string", "description": "The writer's address", "examples": ["Client address=127.0.0.1:51234"]},
    "Value": {"type": "string", "examples": ["City: Ahmedabad"]},
    "Deleted": {"const": true, "description": "With deletes"}}},
"Change": {"oneOf": [{"$ref": "#/components/schemas/SetEvent"}, {"$ref": "#/components/schemas/GoneEvent"}]},
"EventMarks": {"properties": {
  "more": {"const": true, "description": "Further events of the same revision follow in this watch"},
  "initial": {"const": true, "description": "Part of a state, not a change: not to be resumed from before synced"},
  "prev": {"type": "object", "description": "What was there before, with prev=1; changes that are read back from disk come without it",
    "properties": {"value": {"type": "string"}, "value_base64": {"$ref": "#/components/schemas/Base64"},
      "size": {"type": "integer", "minimum": 0}, "revision": {"$ref": "#/components/schemas/Revision"}}}}},
"SetEvent": {"type": "object",
  "allOf": [{"$ref": "#/components/schemas/RecordMembers"}, {"$ref": "#/components/schemas/EventMarks"}],
  "required": ["op"], "properties": {"op": {"const": "set"}, "created": {"const": true}}},
"GoneEvent": {"type": "object",
  "allOf": [{"$ref": "#/components/schemas/Key"}, {"$ref": "#/components/schemas/EventMarks"}],
  "required": ["op", "revision", "time"],
  "properties": {"op": {"enum": ["delete", "expire"]}, "revision": {"$ref": "#/components/schemas/Revision"},
    "time": {"$ref": "#/components/schemas/Time"}}},
"ControlEvent": {"oneOf": [
  {"type": "object", "description": "The state or the catching up is complete: live from here", "required": ["op", "revision"],
    "properties": {"op": {"const": "synced"}, "revision": {"$ref": "#/components/schemas/Revision"}}},
  {"type": "object", "description": "Everything up to this revision was sent", "required": ["op", "revision"],
    "properties": {"op": {"const": "progress"}, "revision": {"$ref": "#/components/schemas/Revision"}}},
  {"type": "object", "description": "The history does not reach back to since: up to synced, the net difference follows",
    "required": ["op", "since", "revision"], "properties": {"op": {"const": "diff"},
      "since": {"$ref": "#/components/schemas/Revision"}, "revision": {"$ref": "#/components/schemas/Revision"}}},
  {"type": "object", "description": "Forget everything: the whole state follows, then synced",
    "required": ["op", "revision", "oldest_revision"], "properties": {"op": {"const": "reset"},
      "revision": {"$ref": "#/components/schemas/Revision"}, "oldest_revision": {"$ref": "#/components/schemas/Revision"}}},
  {"type": "object", "description": "The instance has lost its bus", "required": ["op", "time"],
    "properties": {"op": {"const": "stale"}, "time": {"$ref": "#/components/schemas/Time"}}},
  {"type": "object", "description": "The instance has found its bus again", "required": ["op"], "properties": {"op": {"const": "fresh"}}},
  {"type": "object", "description": "With deliver=latest: so many changes were left out", "required": ["op", "count"],
    "properties": {"op": {"const": "skipped"}, "count": {"type": "integer", "minimum": 1}}},
  {"type": "object", "description": "The last event of a byte stream that ends before its time, and where to go on", "required": ["op", "code", "detail", "since"],
    "properties": {"op": {"const": "error"}, "code": {"type": "string"}, "detail": {"type": "string"}, "since": {"$ref": "#/components/schemas/Position"}}}]},
"Event": {"oneOf": [{"$ref": "#/components/schemas/Change"}, {"$ref": "#/components/schemas/ControlEvent"}]},
"Events": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
"ProgressRequest": {"type": "object", "required": ["op"], "properties": {"op": {"const": "progress"}}}
})json";

// The body of POST /v1/watch: lists may be a single text, bytes that are not UTF-8 have a member of their own, and a
// revision may be a number.
json::object watch_members() {
  json::object schema = members_schema(watch_parameters);
  json::object& members = schema["properties"].as_object();
  json::object text{{"type", "string"}};
  json::object texts{{"type", "array"}, {"items", text}};
  for (const ParameterRule& rule : watch_parameters) {
    json::object& member = members[rule.name].as_object();
    if (rule.type == ValueType::position) {
      json::object either{{"oneOf", {schema_reference("Revision"), schema_reference("Position")}}};
      either["description"] = rule.description;
      member = std::move(either);
    } else if (rule.repeatable || rule.name == "ops") {
      member = {{"oneOf", {text, texts}}, {"description", rule.description}};
    }
  }
  for (const ParameterRule& rule : watch_parameters) {
    if (!rule.repeatable) continue;
    json::object base64{
        {"oneOf",
         {schema_reference("Base64"), json::object{{"type", "array"}, {"items", schema_reference("Base64")}}}}};
    members[std::string(rule.name) + "_base64"] = std::move(base64);
  }
  return schema;
}

}  // namespace

json::object api_schemas() {
  json::object all = json::parse(plain_schemas).as_object();
  all["WatchParameters"] = watch_members();
  return all;
}

}  // namespace kvs
