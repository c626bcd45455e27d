#include "kvs/net/api_document.hpp"

#include <boost/json.hpp>
#include <cstdio>

#include "kvs/crc32c.hpp"

namespace kvs {

namespace {

namespace json = boost::json;

json::array split(std::string_view choices) {
  json::array all;
  while (!choices.empty()) {
    auto end = std::min(choices.find('|'), choices.size());
    all.emplace_back(choices.substr(0, end));
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return all;
}

json::object one_value(const ParameterRule& rule) {
  switch (rule.type) {
    case ValueType::text:
      return {{"type", "string"}};
    case ValueType::choice:
      return {{"type", "string"}, {"enum", split(rule.choices)}};
    case ValueType::flag:
      return {{"type", "boolean"}};
    case ValueType::number:
      return {{"type", "integer"}, {"minimum", 0}};
    case ValueType::count:
      return {{"type", "integer"}, {"minimum", 1}};
    case ValueType::duration:
      return schema_reference("Duration");
    case ValueType::position:
      return schema_reference("Position");
  }
  return {};
}

}  // namespace

ApiDocument finish_document(const json::object& document) {
  ApiDocument made{json::serialize(document) + '\n', {}};
  char tag[16];
  std::snprintf(tag, sizeof tag, "\"%08x\"", static_cast<unsigned>(crc32c(made.text)));
  made.etag = tag;
  return made;
}

json::object schema_reference(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

json::object parameter_schema(const ParameterRule& rule) {
  if (!rule.repeatable) return one_value(rule);
  return {{"type", "array"}, {"items", one_value(rule)}};
}

json::object members_schema(std::span<const ParameterRule> rules) {
  json::object members;
  for (const ParameterRule& rule : rules) {
    json::object member = parameter_schema(rule);
    member["description"] = rule.description;
    members[rule.name] = std::move(member);
  }
  return {{"type", "object"}, {"properties", std::move(members)}};
}

}  // namespace kvs
