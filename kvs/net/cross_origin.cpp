#include "kvs/net/cross_origin.hpp"

#include <algorithm>
#include <string>

#include "kvs/net/routes.hpp"

namespace kvs {

namespace {

constexpr std::string_view any_request = "Authorization, Content-Type, Kvs-Request-Id, X-Request-Id, traceparent";
constexpr std::string_view any_answer =
    "Allow, Kvs-Revision, Kvs-Log-Id, Kvs-Request-Id, Kvs-Stale-Ms, Retry-After, WWW-Authenticate";

bool has(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    auto end = std::min(list.find(", "), list.size());
    if (list.substr(0, end) == name) return true;
    list.remove_prefix(std::min(end + 2, list.size()));
  }
  return false;
}

void add(std::string& list, std::string_view name) {
  if (!has(list, name)) list.append(", ").append(name);
}

std::string request_fields() {
  std::string all(any_request);
  for (const RouteInfo& route : all_routes()) {
    for (const Operation& operation : route.operations) {
      for (const ParameterRule& field : operation.fields) add(all, field.name);
    }
  }
  return all;
}

std::string answer_fields() {
  std::string all(any_answer);
  for (const RouteInfo& route : all_routes()) {
    for (const Operation& operation : route.operations) {
      for (const Success& answer : operation.answers) {
        for (std::string_view rest = answer.fields; !rest.empty();) {
          auto end = std::min(rest.find(", "), rest.size());
          add(all, rest.substr(0, end));
          rest.remove_prefix(std::min(end + 2, rest.size()));
        }
      }
    }
  }
  return all;
}

}  // namespace

std::string_view cross_origin_request_fields() {
  static const std::string fields = request_fields();
  return fields;
}

std::string_view cross_origin_answer_fields() {
  static const std::string fields = answer_fields();
  return fields;
}

}  // namespace kvs
