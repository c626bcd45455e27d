#include "kvs/cmd/http_manual.hpp"

#include <array>
#include <string_view>

#include "kvs/cmd/roff.hpp"

namespace kvs {
namespace {

struct RouteText {
  std::string_view route, parameters, text;
};

constexpr std::array routes{
    RouteText{"GET /v1/kv/KEY", "[record, revision]",
              "The value, or with record=1 the whole record; If-None-Match, If-Match."},
    RouteText{
        "PUT /v1/kv/KEY", "[ttl]",
        "Stores the body; If-Match with a revision, If-None-Match: * (only create), Content-Type,\nIdempotency-Key."},
    RouteText{"PATCH /v1/kv/KEY", "ttl", "Changes how long the key lives; none: for ever."},
    RouteText{"DELETE /v1/kv/KEY", "", "Deletes it; If-Match."},
    RouteText{"GET /v1/kv", "[prefix, start, end, after, limit, reverse, keys_only, separator, revision]",
              "Lists records in the order of their keys, a page at a time (next is where the next one is); with\n"
              "Accept: application/x-ndjson all of them, one a line."},
    RouteText{"DELETE /v1/kv", "prefix | all=true", "Deletes all of them at one revision."},
    RouteText{"POST /v1/txn", "", "A JSON object with if, then and else: all operations at one revision."},
    RouteText{"GET /v1/history/KEY", "[limit]", "What happened to a key, newest first."},
    RouteText{"GET /v1/watch",
              "[key, prefix, since, initial, progress, keys_only, ops, prev, count, deliver, on_gap, wait]",
              "Changes as they happen: over a WebSocket, as server-sent events, as NDJSON, or with wait one answer as\n"
              "soon as there is something. POST takes the parameters as JSON."},
    RouteText{"GET /v1/requests/ID", "", "What became of a write."},
    RouteText{"GET /v1/snapshot", "", "The whole state at one revision, as a file."},
    RouteText{"GET /v1/status", "", "What the server says of itself."},
    RouteText{"GET /livez, GET /readyz", "[verbose]", "Whether it lives, whether it takes requests."},
};

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
  for (const RouteText& route : routes) page.entry(route.route, route.parameters, route.text);
  page.paragraph(
      "Every read takes min_revision, linearizable and timeout: how new it must be, and how long to wait for\n"
      "that.");
  page.heading("EVENTS").paragraph(
      "A watch tells of changes as JSON objects. op is set, delete or expire; more says that others of the same\n"
      "revision follow. Beside them come synced (the initial state or the catching up is complete), progress\n"
      "(everything up to this revision was sent), diff (what follows is the net difference), reset (forget\n"
      "everything, the whole state follows), stale and fresh (the server has lost its bus, and found it again).");
  page.heading("SEE ALSO").paragraph("kvs(1)");
  return page.take();
}

}  // namespace kvs
