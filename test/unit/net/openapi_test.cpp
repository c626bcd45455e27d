// The API's documents against the table they are made of.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "kvs/net/answer.hpp"
#include "kvs/net/api_document.hpp"
#include "kvs/net/routes.hpp"

using namespace kvs;
namespace json = boost::json;

namespace {

const json::object& openapi() {
  static const json::value document = json::parse(openapi_document().text);
  return document.as_object();
}

const json::object& asyncapi() {
  static const json::value document = json::parse(asyncapi_document().text);
  return document.as_object();
}

std::string lower(std::string_view text) {
  std::string all(text);
  for (char& c : all) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return all;
}

std::vector<std::string> methods_of(std::string_view allow) {
  std::vector<std::string> all;
  while (!allow.empty()) {
    auto end = std::min(allow.find(", "), allow.size());
    all.push_back(lower(allow.substr(0, end)));
    allow.remove_prefix(std::min(end + 2, allow.size()));
  }
  return all;
}

// Calls f with every object within.
template <class F>
void walk(const json::value& value, F f) {
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) walk(one, f);
  } else if (const auto* object = value.if_object()) {
    f(*object);
    for (const auto& member : *object) walk(member.value(), f);
  }
}

void check_references(const json::object& document) {
  json::value whole(document);
  std::size_t references = 0;
  walk(whole, [&](const json::object& object) {
    const json::value* reference = object.if_contains("$ref");
    if (!reference) return;
    ++references;
    std::string_view name = reference->as_string();
    BOOST_TEST_REQUIRE(name.starts_with("#/"), name);
    boost::system::error_code error;
    whole.find_pointer(name.substr(1), error);
    BOOST_TEST(!error, name << ": " << error.message());
  });
  BOOST_TEST(references > 20U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api_documents)

BOOST_AUTO_TEST_CASE(every_route_is_in_it_with_every_method) {
  const json::object& paths = openapi().at("paths").as_object();
  BOOST_TEST(paths.size() == all_routes().size());
  for (const RouteInfo& route : all_routes()) {
    BOOST_TEST_REQUIRE(paths.contains(route.path), route.path);
    const json::object& path = paths.at(route.path).as_object();
    for (const std::string& method : methods_of(route.allow))
      BOOST_TEST(path.contains(method), route.path << ' ' << method);
    std::size_t besides = path.contains("parameters") ? 1 : 0;
    BOOST_TEST(path.size() == methods_of(route.allow).size() + besides, route.path);
  }
}

BOOST_AUTO_TEST_CASE(every_route_that_a_path_can_name_is_in_the_table) {
  std::set<Route> shown;
  for (const RouteInfo& route : all_routes()) shown.insert(route.route);
  for (std::size_t i = 0; i < routes; ++i) {
    auto route = static_cast<Route>(i);
    bool nowhere = route == Route::unknown || route == Route::unknown_v1;
    BOOST_TEST(shown.contains(route) == !nowhere, i);
  }
}

BOOST_AUTO_TEST_CASE(every_error_belongs_to_an_operation_or_to_all) {
  std::set<errc> used(general_errors().begin(), general_errors().end());
  for (const RouteInfo& route : all_routes()) {
    for (const Operation& operation : route.operations) {
      for (errc code : operation.errors) {
        BOOST_TEST(std::ranges::count(operation.errors, code) == 1, operation.id << ' ' << to_string(code));
        BOOST_TEST(std::ranges::count(general_errors(), code) == 0, operation.id << ' ' << to_string(code));
        used.insert(code);
      }
    }
  }
  for (int i = 1; i <= static_cast<int>(errc::out_of_space); ++i)
    BOOST_TEST(used.contains(static_cast<errc>(i)), to_string(static_cast<errc>(i)));
}

BOOST_AUTO_TEST_CASE(every_operation_says_what_it_does_and_answers) {
  std::set<std::string> ids;
  for (const RouteInfo& route : all_routes()) {
    for (const Operation& operation : route.operations) {
      BOOST_TEST(ids.insert(std::string(operation.id)).second, operation.id);
      BOOST_TEST(!operation.summary.empty(), operation.id);
      BOOST_TEST(!operation.answers.empty(), operation.id);
      for (const auto& rules : {operation.parameters, operation.fields}) {
        std::set<std::string_view> names;
        for (const ParameterRule& rule : rules) {
          BOOST_TEST(names.insert(rule.name).second, operation.id << ' ' << rule.name);
          BOOST_TEST(!rule.description.empty(), operation.id << ' ' << rule.name);
          BOOST_TEST(!rule.description.ends_with('.'), operation.id << ' ' << rule.name);
          BOOST_TEST((rule.type == ValueType::choice) == !rule.choices.empty(), operation.id << ' ' << rule.name);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(parameters_and_fields_come_from_the_table) {
  for (const RouteInfo& route : all_routes()) {
    for (const Operation& operation : route.operations) {
      for (const std::string& method : methods_of(operation.methods)) {
        const json::object& shown = openapi().at("paths").at(route.path).at(method).as_object();
        std::string all;
        if (const json::value* list = shown.if_contains("parameters")) {
          for (const json::value& one : list->as_array())
            all.append(one.at("in").as_string()).append(" ").append(one.at("name").as_string()) += '\n';
        }
        std::string wanted;
        for (const ParameterRule& rule : operation.parameters) wanted.append("query ").append(rule.name) += '\n';
        for (const ParameterRule& rule : operation.fields) wanted.append("header ").append(rule.name) += '\n';
        BOOST_TEST(all == wanted, route.path << ' ' << method);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_error_stands_at_its_status_with_the_general_ones_of_that) {
  const json::value& answers = openapi().at("paths").at("/v1/kv/{key}").at("get").at("responses");
  auto codes = [](const json::value& answer) {
    const json::value& schema = answer.at("content").at("application/problem+json").at("schema");
    return json::serialize(schema.at("allOf").at(1).at("properties").at("code").at("enum"));
  };
  BOOST_TEST(codes(answers.at("412")) == R"(["condition_failed"])");
  BOOST_TEST(codes(answers.at("400")) == R"(["bad_key","empty_key","revision_in_future","malformed","bad_parameter"])");
  BOOST_TEST(codes(answers.at("503")) == R"(["bus_away","starting","draining"])");
  BOOST_TEST(!answers.as_object().contains("421"));
}

BOOST_AUTO_TEST_CASE(whatever_they_refer_to_is_there) {
  check_references(openapi());
  check_references(asyncapi());
}

BOOST_AUTO_TEST_CASE(the_channels_have_the_addresses_and_queries_of_the_table) {
  for (auto [channel, route] : {std::pair{"watch", Route::watch}, {"subscribe", Route::legacy_subscribe}}) {
    const json::object& shown = asyncapi().at("channels").at(channel).as_object();
    BOOST_TEST(shown.at("address").as_string() == path_template(route));
    const json::object& query = shown.at("bindings").at("ws").at("query").at("properties").as_object();
    auto parameters = find_route(path_template(route)).operations.front().parameters;
    BOOST_TEST(query.size() == parameters.size());
    for (const ParameterRule& rule : parameters) BOOST_TEST(query.contains(rule.name), rule.name);
  }
}

BOOST_AUTO_TEST_CASE(a_document_is_made_once_and_tagged_by_its_text) {
  BOOST_TEST(&openapi_document() == &openapi_document());
  BOOST_TEST(openapi_document().etag.size() == 10U);
  BOOST_TEST(openapi_document().etag != asyncapi_document().etag);
}

BOOST_AUTO_TEST_SUITE_END()
