// What the API's documents, /openapi.json and /asyncapi.json, have in common.
#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "kvs/net/target.hpp"

namespace kvs {

// A document as it is sent. The tag, with its quotes, is of the text.
struct ApiDocument {
  std::string text;
  std::string etag;
};

// Each is made when it is first asked for, and kept. Any thread.
const ApiDocument& openapi_document();
const ApiDocument& asyncapi_document();

ApiDocument finish_document(const boost::json::object& document);
// {"$ref": "#/components/schemas/NAME"}
boost::json::object schema_reference(std::string_view name);
// JSON Schemas by name, of everything that requests and answers hold: the components of both documents.
boost::json::object api_schemas();
// The schema of a parameter in a query or a header field.
boost::json::object parameter_schema(const ParameterRule& rule);
// Of all of them as the members of one JSON object.
boost::json::object members_schema(std::span<const ParameterRule> rules);

}  // namespace kvs
