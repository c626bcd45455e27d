// /openapi.json: the table of routes as an OpenAPI 3.1 document.
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <vector>

#include "kvs/net/answer.hpp"
#include "kvs/net/api_document.hpp"
#include "kvs/net/routes.hpp"

namespace kvs {

namespace {

namespace json = boost::json;

constexpr std::string_view header_schemas = R"json({
"Allow": {"description": "The methods of this path", "schema": {"type": "string"}},
"Content-Disposition": {"description": "The file's name", "schema": {"type": "string"}},
"ETag": {"description": "Of a key: its revision", "schema": {"type": "string"}},
"Idempotency-Replayed": {"description": "The answer was given before", "schema": {"const": "true"}},
"Kvs-Log-Id": {"description": "The history that revisions belong to", "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}},
"Kvs-Request-Id": {"description": "Of the request: its own Kvs-Request-Id, if it has one", "schema": {"type": "string"}},
"Kvs-Revision": {"description": "Of the state the answer speaks of", "schema": {"$ref": "#/components/schemas/Revision"}},
"Kvs-Stale-Ms": {"description": "How long the bus has been away, when it is", "schema": {"type": "integer"}},
"Link": {"description": "The next page, rel=\"next\"", "schema": {"type": "string"}},
"Location": {"description": "Where to go", "schema": {"type": "string"}},
"Retry-After": {"description": "In how many seconds to try again", "schema": {"type": "integer"}}
})json";

constexpr std::string_view every_answer = "Kvs-Request-Id, Kvs-Revision, Kvs-Log-Id, Kvs-Stale-Ms";

// Calls f with each of the names in "A, B".
template <class F>
void for_each_name(std::string_view list, F f) {
  while (!list.empty()) {
    auto end = std::min(list.find(", "), list.size());
    f(list.substr(0, end));
    list.remove_prefix(std::min(end + 2, list.size()));
  }
}

std::string lower(std::string_view text) {
  std::string all(text);
  std::ranges::transform(all, all.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return all;
}

json::object headers(std::string_view names) {
  json::object all;
  for_each_name(names, [&all](std::string_view name) {
    all[name] = json::object{{"$ref", "#/components/headers/" + std::string(name)}};
  });
  return all;
}

json::object with_schema(json::object schema) { return {{"schema", std::move(schema)}}; }

json::object media(std::string_view type, std::string_view schema) {
  json::object all;
  all[type] = with_schema(schema_reference(schema));
  return all;
}

json::object any_media(std::string_view type) {
  json::object all;
  all[type] = json::object{};
  return all;
}

// The media types of a body, each with its schema.
json::object content_of(Content content, bool request) {
  constexpr std::string_view json_type = "application/json";
  switch (content) {
    case Content::none:
      return {};
    case Content::value:
    case Content::page:
      return any_media("*/*");
    case Content::text:
    case Content::metrics:
      return any_media("text/plain");
    case Content::snapshot:
      return any_media("application/octet-stream");
    case Content::json:
      return any_media(json_type);
    case Content::item: {
      json::object all = media(json_type, "Record");
      all["*/*"] = json::object{};
      return all;
    }
    case Content::listing: {
      json::object all = media(json_type, "Page");
      all["application/x-ndjson"] = with_schema(schema_reference("Line"));
      return all;
    }
    case Content::events: {
      json::object all = media(json_type, "Events");
      for (std::string_view type : {"application/x-ndjson", "text/event-stream"})
        all[type] = with_schema(schema_reference("Event"));
      return all;
    }
    case Content::pair:
      return media(request ? json_type : "text/plain", "LegacyPair");
    case Content::pairs:
      return media("text/plain", "LegacyPairs");
    case Content::written:
      return media(json_type, "Written");
    case Content::touched:
      return media(json_type, "Touched");
    case Content::deleted:
      return media(json_type, "Deleted");
    case Content::transaction:
      return media(json_type, "Transaction");
    case Content::transaction_answer:
      return media(json_type, "TransactionAnswer");
    case Content::history:
      return media(json_type, "History");
    case Content::outcome:
      return media(json_type, "Outcome");
    case Content::status:
      return media(json_type, "Status");
    case Content::watch:
      return media(json_type, "WatchParameters");
  }
  return {};
}

using Codes = std::vector<errc>;

// "no_such_key (No such key), …"
std::string words(const Codes& codes) {
  std::string text;
  for (errc code : codes) {
    if (!text.empty()) text += ", ";
    text.append(to_string(code)).append(" (").append(title(code)) += ')';
  }
  return text;
}

json::array names(const Codes& codes) {
  json::array all;
  for (errc code : codes) all.emplace_back(to_string(code));
  return all;
}

json::object error_answer(const Codes& codes, bool plain, bool body) {
  json::object answer{{"description", words(codes)}, {"headers", headers(every_answer)}};
  if (body && plain) answer["content"] = any_media("text/plain");
  if (body && !plain) {
    json::object code{{"properties", {{"code", {{"enum", names(codes)}}}}}};
    json::object schema{{"allOf", {schema_reference("Problem"), std::move(code)}}};
    answer["content"] = json::object{{"application/problem+json", with_schema(std::move(schema))}};
  }
  return answer;
}

// The codes of each status: an operation's own with the general ones of the same status, which stand alone otherwise.
std::map<int, Codes> by_status(const Operation& operation) {
  std::map<int, Codes> all;
  for (errc code : operation.errors) all[http_status(code)].push_back(code);
  for (errc code : general_errors()) {
    auto found = all.find(http_status(code));
    if (found != all.end() && std::ranges::find(found->second, code) == found->second.end())
      found->second.push_back(code);
  }
  return all;
}

json::object answers_of(const RouteInfo& route, const Operation& operation, bool body) {
  json::object all;
  for (const Success& success : operation.answers) {
    json::object fields = headers(every_answer);
    for (auto& field : headers(success.fields)) fields[field.key()] = field.value();
    json::object answer{{"description", success.description}, {"headers", std::move(fields)}};
    json::object content = content_of(success.content, false);
    if (body && !content.empty()) answer["content"] = std::move(content);
    all[std::to_string(success.status)] = std::move(answer);
  }
  for (const auto& [status, codes] : by_status(operation))
    all[std::to_string(status)] = error_answer(codes, route.legacy, body);
  std::string_view general = !body ? "NoBody" : route.legacy ? "Plain" : "Problem";
  all["default"] = json::object{{"$ref", "#/components/responses/" + std::string(general)}};
  return all;
}

json::array parameters_of(const Operation& operation) {
  json::array all;
  auto add = [&all](const ParameterRule& rule, std::string_view in) {
    json::object parameter{
        {"name", rule.name}, {"in", in}, {"description", rule.description}, {"schema", parameter_schema(rule)}};
    if (rule.required) parameter["required"] = true;
    if (rule.type == ValueType::flag) parameter["allowEmptyValue"] = true;
    all.push_back(std::move(parameter));
  };
  for (const ParameterRule& rule : operation.parameters) add(rule, "query");
  for (const ParameterRule& rule : operation.fields) add(rule, "header");
  return all;
}

json::object operation_json(const RouteInfo& route, const Operation& operation, std::string_view method) {
  std::string id(operation.id);
  if (!operation.methods.starts_with(method)) id += '_' + lower(method);
  json::object all{{"operationId", id}, {"summary", operation.summary}};
  if (!operation.detail.empty()) all["description"] = operation.detail;
  json::array parameters = parameters_of(operation);
  if (!parameters.empty()) all["parameters"] = std::move(parameters);
  if (json::object content = content_of(operation.body, true); !content.empty())
    all["requestBody"] = json::object{{"content", std::move(content)}};
  all["responses"] = answers_of(route, operation, method != "HEAD");
  return all;
}

json::object options_json(const RouteInfo& route) {
  json::object fields = headers(std::string(every_answer).append(", Allow"));
  json::object answer{{"description", route.allow}, {"headers", std::move(fields)}};
  json::object answers{{"204", std::move(answer)}};
  answers["default"] =
      json::object{{"$ref", route.legacy ? "#/components/responses/Plain" : "#/components/responses/Problem"}};
  return {{"operationId", std::string(route.operations.front().id) + "_options"},
          {"summary", "The methods of this path"},
          {"responses", std::move(answers)}};
}

std::string_view path_parameter_text(std::string_view name) {
  if (name == "key")
    return "Percent-encoded once and never normalised: /, // and .. may stay, and are bytes of the key";
  if (name == "id") return "An Idempotency-Key or request id, percent-encoded";
  return "Its name; none is index.html";
}

json::object path_json(const RouteInfo& route) {
  json::object all;
  if (auto begin = route.path.find('{'); begin != std::string_view::npos) {
    std::string_view name = route.path.substr(begin + 1, route.path.size() - begin - 2);
    json::object parameter{{"name", name},
                           {"in", "path"},
                           {"required", true},
                           {"description", path_parameter_text(name)},
                           {"schema", {{"type", "string"}}}};
    json::array parameters;
    parameters.push_back(std::move(parameter));
    all["parameters"] = std::move(parameters);
  }
  for (const Operation& operation : route.operations) {
    for_each_name(operation.methods,
                  [&](std::string_view method) { all[lower(method)] = operation_json(route, operation, method); });
  }
  all["options"] = options_json(route);
  return all;
}

json::object problem_schema() {
  Codes codes;
  for (auto code = errc::malformed; code <= errc::out_of_space; code = static_cast<errc>(static_cast<int>(code) + 1))
    codes.push_back(code);
  json::object revision = schema_reference("Revision");
  json::object members{{"type", {{"type", "string"}, {"pattern", "^urn:kvs:problem:"}}},
                       {"title", {{"type", "string"}}},
                       {"status", {{"type", "integer"}}},
                       {"detail", {{"type", "string"}, {"description", "What to do next"}}},
                       {"code", {{"enum", names(codes)}}},
                       {"request_id", {{"type", "string"}}},
                       {"current_revision", revision},
                       {"oldest_revision", revision},
                       {"current", schema_reference("FoundRecord")}};
  return {{"type", "object"},
          {"required", {"type", "title", "status", "detail", "code", "request_id"}},
          {"properties", std::move(members)}};
}

json::object components() {
  json::object schemas = api_schemas();
  schemas["Problem"] = problem_schema();
  Codes general(general_errors().begin(), general_errors().end());
  json::object answers;
  answers["Problem"] = error_answer(general, false, true);
  answers["Plain"] = error_answer(general, true, true);
  answers["NoBody"] = error_answer(general, true, false);
  json::object bearer{{"type", "http"}, {"scheme", "bearer"}};
  return {{"schemas", std::move(schemas)},
          {"headers", json::parse(header_schemas)},
          {"responses", std::move(answers)},
          {"securitySchemes", {{"bearer", std::move(bearer)}}}};
}

ApiDocument make_openapi() {
  json::object paths;
  for (const RouteInfo& route : all_routes()) paths[route.path] = path_json(route);
  json::object document{{"openapi", "3.1.0"}};
  document["info"] = {
      {"title", "kvs"},
      {"version", KVS_VERSION},
      {"description",
       "A key-value store whose changes can be watched. Errors under /v1 are "
       "application/problem+json with a code that never changes its name and a detail that says what "
       "to do next, elsewhere plain text. What is refused before a request is read is plain text, too: a "
       "connection too many (503, Retry-After), plain HTTP where TLS is spoken (400). The events of a watch are in "
       "/asyncapi.json."}};
  json::array servers;
  servers.push_back(json::object{{"url", "/"}});
  document["servers"] = std::move(servers);
  json::array security;  // a server without an auth file asks for none
  security.push_back(json::object{});
  security.push_back(json::object{{"bearer", json::array{}}});
  document["security"] = std::move(security);
  document["paths"] = std::move(paths);
  document["components"] = components();
  return finish_document(document);
}

}  // namespace

const ApiDocument& openapi_document() {
  static const ApiDocument document = make_openapi();
  return document;
}

}  // namespace kvs
