#include "kvs/net/watch_request.hpp"

#include <algorithm>

#include "kvs/net/accept.hpp"
#include "kvs/net/parameters.hpp"

namespace kvs {

namespace {

constexpr std::chrono::milliseconds least_progress{100};
constexpr std::chrono::minutes most_progress{5};
constexpr std::chrono::minutes most_wait{10};

Problem bad(std::string text) { return {errc::bad_parameter, std::move(text)}; }

std::optional<Problem> read_filter(const Query& query, Filter& filter) {
  for (auto key : query.values("key")) {
    if (key.empty()) return Problem{errc::empty_key, "key must not be empty; leave it out to watch every key"};
    if (key.size() > max_key_size) return Problem{errc::key_too_large, "a key has at most 1,024 bytes"};
    filter.keys.emplace_back(key);
  }
  bool all = false;
  for (auto prefix : query.values("prefix")) {
    if (prefix.size() > max_key_size) return Problem{errc::key_too_large, "a prefix has at most 1,024 bytes"};
    all = all || prefix.empty();
    filter.prefixes.emplace_back(prefix);
  }
  if (filter.keys.size() + filter.prefixes.size() > max_watch_filters) {
    return bad("at most 1,000 keys and prefixes in one watch; use fewer, longer-reaching prefixes");
  }
  if (all) filter = {};  // the empty prefix is every key
  return std::nullopt;
}

// Goes on after a position, which may have to be waited for.
std::optional<Problem> go_on_after(const Position& position, Worker& worker, WatchRequest& request) {
  if (auto problem = check_log(position, worker)) return problem;
  request.after = position.revision;
  request.resumes = true;
  request.consistency.since = position.revision;
  request.consistency.at_least = std::max(request.consistency.at_least, position.revision);
  return std::nullopt;
}

std::optional<Problem> read_ops(const Query& query, Ops& ops) {
  auto given = query.value("ops");
  if (!given) return std::nullopt;
  ops = {};
  std::string_view rest = *given;
  for (bool more = true; more;) {
    auto end = rest.find(',');
    auto name = rest.substr(0, end);
    more = end != std::string_view::npos;
    if (more) rest.remove_prefix(end + 1);
    if (name == "set") {
      ops = ops.with(Op::set);
    } else if (name == "delete") {
      ops = ops.with(Op::remove);
    } else if (name == "expire") {
      ops = ops.with(Op::expire);
    } else {
      return bad("ops takes set, delete and expire, with commas between them");
    }
  }
  return std::nullopt;
}

// How the events are to look, and what becomes of those that can't all be had.
std::optional<Problem> read_delivery(const Query& query, WatchRequest& request) {
  if (auto problem = read_ops(query, request.ops)) return problem;
  auto keys_only = query.flag("keys_only");
  if (!keys_only) return keys_only.error();
  if (*keys_only) request.value = ValueForm::size;
  auto previous = query.flag("prev");
  if (!previous) return previous.error();
  request.previous = *previous;
  auto deliver = query.value("deliver").value_or("all");
  if (deliver != "all" && deliver != "latest") return bad("deliver is all or latest");
  request.latest = deliver == "latest";
  auto on_gap = query.value("on_gap").value_or("diff");
  if (on_gap != "diff" && on_gap != "reset" && on_gap != "fail") return bad("on_gap is diff, reset or fail");
  request.on_gap = on_gap == "diff" ? OnGap::diff : on_gap == "reset" ? OnGap::reset : OnGap::fail;
  return std::nullopt;
}

// Last-Event-ID before `since` before `initial`; none of them: from now on.
std::optional<Problem> read_beginning(const RequestHead& head, const Query& query, Worker& worker,
                                      WatchRequest& request) {
  request.after = worker.view().held().revision();
  auto since = query.position("since");
  if (!since) return since.error();
  auto initial = query.flag("initial");
  if (!initial) return initial.error();
  if (!head.value(Known::last_event_id).empty()) {
    auto position = parse_position(head.value(Known::last_event_id));
    if (!position) return Problem{position.error().code, "Last-Event-ID: " + position.error().detail};
    return go_on_after(*position, worker, request);
  }
  if (*since) return go_on_after(**since, worker, request);
  if (!*initial) return std::nullopt;
  if (!request.ops.has(Op::set)) return bad("an initial state is told in sets: give ops=set too, or leave initial out");
  request.initial = true;
  request.state = worker.view().held();
  return std::nullopt;
}

std::optional<Problem> read_count(const Query& query, WatchRequest& request) {
  auto count = query.number("count", max_revision_number);
  if (!count) return count.error();
  if (!*count) return std::nullopt;
  if (**count == 0) return bad("count must be at least 1; leave it out to watch without end");
  request.count = **count;
  return std::nullopt;
}

std::optional<Problem> read_times(const Query& query, WatchRequest& request) {
  auto progress = query.duration("progress");
  if (!progress) return progress.error();
  if (*progress) {
    if (**progress < least_progress || **progress > most_progress) return bad("progress must be between 100ms and 5m");
    request.progress = **progress;
  }
  auto wait = query.duration("wait");
  if (!wait) return wait.error();
  if (!*wait) return std::nullopt;
  if (**wait > most_wait) return bad("wait is at most 10m");
  if (request.progress) return bad("progress is for streams: an answer to wait says in Kvs-Revision how far it got");
  request.wait = **wait;
  return std::nullopt;
}

bool takes_json(std::string_view accept) {
  if (accept.empty()) return true;
  for (std::string_view range : {"application/json", "application/*", "*/*"}) {
    int q = quality(accept, range);
    if (q >= 0) return q > 0;
  }
  return false;
}

result<WatchForm> read_form(const RequestHead& head, const Query& query) {
  bool waits = query.value("wait").has_value();
  if (head.wants_websocket()) {
    if (waits) return bad("wait asks for a long poll, the upgrade for a WebSocket: choose one");
    return WatchForm::messages;
  }
  std::string scratch;
  std::string_view accept = head.list(Known::accept, scratch);
  if (waits) {
    if (takes_json(accept)) return WatchForm::array;
    return Problem{errc::not_acceptable, "a long poll (wait) is answered with application/json"};
  }
  switch (stream_form(accept)) {
    case StreamForm::event_stream:
      return WatchForm::event_stream;
    case StreamForm::ndjson:
      return WatchForm::lines;
    case StreamForm::none:
      break;
  }
  return Problem{errc::not_acceptable,
                 "a watch comes as application/x-ndjson, as text/event-stream, as a WebSocket, or with wait=30s as "
                 "application/json"};
}

}  // namespace

result<WatchRequest> parse_watch(const RequestHead& head, std::string_view text, Worker& worker) {
  auto parsed = parse_query(text, watch_parameters);
  if (!parsed) return parsed.error();
  const Query& query = *parsed;
  WatchRequest request;
  auto form = read_form(head, query);
  if (!form) return form.error();
  request.form = *form;
  auto consistency = parse_consistency(head, query, worker);
  if (!consistency) return consistency.error();
  request.consistency = *consistency;
  if (auto problem = read_filter(query, request.filter)) return *problem;
  if (auto problem = read_delivery(query, request)) return *problem;
  if (auto problem = read_count(query, request)) return *problem;
  if (auto problem = read_times(query, request)) return *problem;
  if (auto problem = read_beginning(head, query, worker, request)) return *problem;
  return request;
}

result<WatchRequest> parse_subscribe(const RequestHead& head, Worker& worker) {
  Query query = parse_query_leniently(head.query());
  WatchRequest request;
  request.form = WatchForm::legacy;
  auto consistency = parse_consistency(head, query, worker);
  if (!consistency) return consistency.error();
  request.consistency = *consistency;
  request.after = worker.view().held().revision();
  auto deletes = query.flag("deletes");
  if (!deletes) return deletes.error();
  if (!*deletes) request.ops = request.default_ops();
  auto since = query.number("since", max_revision_number);
  if (!since) return since.error();
  if (*since) {
    Position position{Revision{**since + 1}, std::nullopt};  // an offset is its revision less one
    if (auto problem = go_on_after(position, worker, request)) return *problem;
  }
  return request;
}

std::optional<Problem> check_reach(const WatchRequest& request, Worker& worker) {
  if (request.on_gap != OnGap::fail || request.after >= worker.store().oldest(worker.view())) return std::nullopt;
  return Problem{errc::compacted,
                 "the history no longer reaches back to where this watch wants to go on; read anew and go on from "
                 "there, or leave on_gap=fail out to be told the difference",
                 store_members(worker)};
}

}  // namespace kvs
