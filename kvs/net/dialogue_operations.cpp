// Health, metrics, status.
#include <algorithm>
#include <boost/json.hpp>
#include <span>

#include "kvs/json_text.hpp"
#include "kvs/net/dialogue.hpp"
#include "kvs/net/metrics_text.hpp"
#include "kvs/net/starting.hpp"

namespace kvs {

namespace {

namespace json = boost::json;

constexpr std::string_view plain = "text/plain; charset=utf-8";

// One of the things that /livez or /readyz looks at.
struct Check {
  std::string_view name;
  bool good;
  std::string words;  // if it is not good, why; else what there may be to say behind "ok"
};

Check check_store(Worker& worker) {
  switch (worker.store().phase()) {
    case Phase::starting:
      return {"store", false, starting_text(worker.store())};
    case Phase::failed:
      return {"store", false, "writing to the data directory failed"};
    case Phase::stopped:
      return {"store", false, "stopped"};
    case Phase::ready:
      break;
  }
  if (!worker.view().ready()) return {"store", false, starting_text(worker.store())};
  return {"store", true, ""};
}

std::string whole_seconds(std::chrono::steady_clock::duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

// A bus that went away takes no instance out of service: they all have the same one, and what they are asked for most,
// reads of what is here, goes on.
Check check_bus(Worker& worker) {
  BusStatus bus = worker.store().bus_status();
  std::string why = bus.detail.empty() ? "" : " (" + bus.detail + ")";
  if (!worker.view().ready()) return {"bus", bus.up, bus.up ? "" : "not reached yet" + why};
  auto away = worker.view().away_since();
  if (!away)
    return {"bus", true, bus.writes_refused.empty() ? "" : "reads go on, writes are refused: " + bus.writes_refused};
  return {"bus", true, "away for " + whole_seconds(Clock::now() - *away) + why + ": reads go on, writes are refused"};
}

Check check_serving(Worker& worker) { return {"serving", !worker.leaving(), worker.leaving() ? "draining" : ""}; }

// "[+]NAME ok" or "[-]NAME REASON", a line each.
std::string lines(std::span<const Check> checks) {
  std::string text;
  for (const Check& check : checks) {
    text.append(check.good ? "[+]" : "[-]").append(check.name).append(check.good ? " ok" : "");
    if (!check.words.empty()) text.append(check.good ? ", " : " ").append(check.words);
    text += '\n';
  }
  return text;
}

// "ok", or the first that is not.
std::string verdict(std::span<const Check> checks) {
  auto bad = std::ranges::find(checks, false, &Check::good);
  return bad == checks.end() ? "ok\n" : std::string(bad->name) + ": " + bad->words + '\n';
}

json::array members_json(const std::vector<BusMember>& members) {
  json::array all;
  for (const BusMember& member : members) {
    std::string heard;
    append_time(heard, member.heard);
    all.push_back({{"name", member.name},
                   {"since", number(member.since)},
                   {"snapshot", number(member.snapshot)},
                   {"heard", heard}});
  }
  return all;
}

json::object bus_json(const BusStatus& bus) {
  json::object object{{"kind", bus.kind}, {"up", bus.up}};
  if (bus.since != std::chrono::steady_clock::time_point{}) {
    auto since = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - bus.since);
    object["since_ms"] = since.count();
  }
  if (bus.lag) object["lag"] = *bus.lag;
  if (!bus.detail.empty()) object["detail"] = bus.detail;
  if (!bus.writes_refused.empty()) object["writes_refused"] = bus.writes_refused;
  object["members"] = members_json(bus.members);
  return object;
}

}  // namespace

// That it is answered at all is the check.
Dialogue::Need Dialogue::livez() {
  const Check checks[] = {{"ping", true, ""}};
  auto verbose = parse_query_leniently(head_.query()).flag("verbose");
  if (!verbose) return refuse(verbose.error());
  begin_answer().begin(200).field("Cache-Control", "no-store").body(plain, *verbose ? lines(checks) : verdict(checks));
  return answered();
}

Dialogue::Need Dialogue::readyz() {
  const Check checks[] = {check_store(worker_), check_bus(worker_), check_serving(worker_)};
  auto verbose = parse_query_leniently(head_.query()).flag("verbose");
  if (!verbose) return refuse(verbose.error());
  bool ready = std::ranges::all_of(checks, &Check::good);
  Reply reply = begin_answer();
  reply.begin(ready ? 200 : 503);
  if (!ready && reply.may_get_better()) reply.field("Retry-After", "1");
  reply.field("Cache-Control", "no-store").body(plain, *verbose ? lines(checks) : verdict(checks));
  return answered();
}

Dialogue::Need Dialogue::metrics() {
  std::string text = metrics_text(worker_);
  begin_answer().begin(200).field("Cache-Control", "no-store").body("text/plain; version=0.0.4; charset=utf-8", text);
  return answered();
}

Dialogue::Need Dialogue::status() {
  if (auto query = parse_query(head_.query(), {}); !query) return refuse(query.error());
  Store& store = worker_.store();
  const ServerOptions& options = worker_.options();
  const State& state = worker_.view().held();
  bool ready = worker_.view().ready() && store.phase() == Phase::ready;
  json::object status{{"version", KVS_VERSION}, {"instance", options.instance}};
  if (worker_.view().ready()) {
    status["log_id"] = to_string(store.log_id());
    status["revision"] = number(state.revision());
    status["oldest_revision"] = number(store.oldest(worker_.view()));
    status["keys"] = state.size();
    status["bytes"] = state.bytes();
  }
  status["watchers"] = worker_.counters().watchers.load();
  status["connections"] = worker_.counters().connections.load();
  status["uptime_s"] =
      std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - worker_.counters().started).count();
  status["ready"] = ready && !worker_.leaving();
  status["draining"] = worker_.leaving();
  if (store.phase() == Phase::failed) status["failure"] = store.failure();
  status["fsync"] = options.fsync;
  status["bus"] = bus_json(store.bus_status());
  status["limits"] = {{"max_key_size", max_key_size},
                      {"max_value_size", options.max_value_size},
                      {"max_connections", options.max_connections},
                      {"max_connections_per_address", options.max_connections_per_address},
                      {"max_in_flight", options.max_in_flight},
                      {"max_memory", options.max_memory},
                      {"idempotency_window", store.options().state.answers},
                      {"tombstones", store.options().state.tombstones},
                      {"history_bytes", store.options().journal.history_bytes},
                      {"history_memory", options.history_memory},
                      {"history_age_ms", store.options().history_age.count()}};
  begin_answer().begin(200).field("Cache-Control", "no-store").body("application/json", json::serialize(status) + '\n');
  return answered();
}

}  // namespace kvs
