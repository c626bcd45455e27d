#include "kvs/net/watch_request.hpp"

#include <algorithm>

#include "kvs/net/target.hpp"

namespace kvs {

namespace {

constexpr std::chrono::milliseconds least_progress{100};
constexpr std::chrono::minutes most_progress{5};

constexpr ParameterRule own_rules[] = {{"key", true}, {"prefix", true}, {"since"},
                                       {"initial"},   {"count"},        {"progress"}};
constexpr auto rules = read_parameters(own_rules);

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
  request.consistency.since = position.revision;
  request.consistency.at_least = std::max(request.consistency.at_least, position.revision);
  return std::nullopt;
}

}  // namespace

result<WatchRequest> parse_watch(const RequestHead& head, Worker& worker) {
  auto parsed = parse_query(head.query(), rules);
  if (!parsed) return parsed.error();
  const Query& query = *parsed;
  WatchRequest request;
  if (auto problem = read_filter(query, request.filter)) return *problem;
  auto consistency = parse_consistency(head, query, worker);
  if (!consistency) return consistency.error();
  request.consistency = *consistency;

  request.after = worker.view().held().revision();
  auto since = query.position("since");
  if (!since) return since.error();
  auto initial = query.flag("initial");
  if (!initial) return initial.error();
  if (*since) {
    if (auto problem = go_on_after(**since, worker, request)) return *problem;
  } else {
    request.initial = *initial;
    if (*initial) request.state = worker.view().held();
  }
  auto count = query.number("count", max_revision_number);
  if (!count) return count.error();
  if (*count) {
    if (**count == 0) return bad("count must be at least 1; leave it out to watch without end");
    request.count = **count;
  }
  auto progress = query.duration("progress");
  if (!progress) return progress.error();
  if (*progress) {
    if (**progress < least_progress || **progress > most_progress) return bad("progress must be between 100ms and 5m");
    request.progress = **progress;
  }
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
  request.deletes = *deletes;
  auto since = query.number("since", max_revision_number);
  if (!since) return since.error();
  if (*since) {
    Position position{Revision{**since + 1}, std::nullopt};  // an offset is its revision less one
    if (auto problem = go_on_after(position, worker, request)) return *problem;
  }
  return request;
}

}  // namespace kvs
