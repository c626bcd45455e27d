#include "kvs/cmd/http_manual.hpp"

#include <algorithm>
#include <string_view>

#include "kvs/cmd/roff.hpp"
#include "kvs/net/parameters.hpp"
#include "kvs/net/routes.hpp"

namespace kvs {
namespace {

// "GET /v1/kv/KEY". HEAD goes without saying, and the original project's routes take any method.
std::string term(const RouteInfo& route, const Operation& operation) {
  std::string text(operation.methods.substr(0, operation.methods.find(',')));
  text += ' ';
  bool inside = false;
  for (char c : route.path) {
    if (c == '{' || c == '}') {
      inside = c == '{';
    } else {
      text += inside ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return text;
}

// What every read takes is told once for all of them.
bool is_common(const ParameterRule& rule) {
  return std::ranges::any_of(plain_read_parameters, [&rule](const auto& one) { return one.name == rule.name; });
}

void list(Roff& page, std::span<const ParameterRule> rules) {
  for (const ParameterRule& rule : rules) {
    if (!is_common(rule)) page.entry(rule.name, {}, std::string(rule.description) + '.');
  }
}

void describe(Roff& page, const RouteInfo& route, const Operation& operation) {
  std::string text = std::string(operation.summary) + '.';
  if (!operation.detail.empty()) text.append("\n").append(operation.detail);
  page.entry(term(route, operation), {}, text).begin_inner();
  list(page, operation.parameters);
  list(page, operation.fields);
  page.end_inner();
}

}  // namespace

std::string http_manual() {
  Roff page("kvs-http", 7, "the HTTP interface of kvs");
  page.heading("DESCRIPTION")
      .paragraph(
          "A value is the body of a request or an answer, whatever its bytes are. In a path a key is percent-encoded\n"
          "once and never normalised: /, // and .. are bytes of it.")
      .example(
          "curl -T - http://127.0.0.1:23333/v1/kv/City <<< Ahmedabad\n"
          "curl http://127.0.0.1:23333/v1/kv/City\n"
          "curl -N 'http://127.0.0.1:23333/v1/watch?prefix=app/'")
      .paragraph(
          "Every answer names its revision in Kvs-Revision, the history it belongs to in Kvs-Log-Id and itself in\n"
          "Kvs-Request-Id. An error under /v1 is application/problem+json with a code that never changes its name\n"
          "and a detail that says what to do.");
  page.heading("ROUTES");
  for (const RouteInfo& route : all_routes()) {
    for (const Operation& operation : route.operations) describe(page, route, operation);
  }
  page.paragraph(
      "Parameters stand in the query, names with capitals are fields of the request. Every read also takes:");
  for (const ParameterRule& rule : plain_read_parameters)
    page.entry(rule.name, {}, std::string(rule.description) + '.');
  page.heading("EVENTS").paragraph(
      "A watch tells of changes as JSON objects. op is set, delete or expire; more says that others of the same\n"
      "revision follow. Beside them come synced (the initial state or the catching up is complete), progress\n"
      "(everything up to this revision was sent), diff (what follows is the net difference), reset (forget\n"
      "everything, the whole state follows), stale and fresh (the server has lost its bus, and found it again).");
  page.heading("SEE ALSO").paragraph("kvs(1)");
  return page.take();
}

}  // namespace kvs
