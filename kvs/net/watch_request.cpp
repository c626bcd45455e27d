#include "kvs/net/watch_request.hpp"

#include "kvs/net/target.hpp"

namespace kvs {

namespace {

constexpr std::chrono::milliseconds least_progress{100};
constexpr std::chrono::minutes most_progress{5};

constexpr ParameterRule rules[] = {{"key", true}, {"prefix", true}, {"since"}, {"initial"}, {"count"}, {"progress"}};

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

std::optional<Problem> check_position(const Position& position, Worker& worker, Revision now) {
  if (position.log && *position.log != worker.store().log_id()) {
    return Problem{errc::other_log, "the position is of another history; watch again with initial=1",
                   "\"current_revision\":" + std::to_string(number(now)) +
                       ",\"oldest_revision\":" + std::to_string(number(worker.store().oldest(worker.view())))};
  }
  if (position.revision > now) {
    return Problem{errc::revision_in_future, "revision " + std::to_string(number(position.revision)) +
                                                 " is not reached yet; the newest is " + std::to_string(number(now))};
  }
  return std::nullopt;
}

}  // namespace

result<WatchRequest> parse_watch(const RequestHead& head, Worker& worker) {
  auto parsed = parse_query(head.query(), rules);
  if (!parsed) return parsed.error();
  const Query& query = *parsed;
  WatchRequest request;
  if (auto problem = read_filter(query, request.filter)) return *problem;

  request.after = worker.view().held().revision();
  auto since = query.position("since");
  if (!since) return since.error();
  auto initial = query.flag("initial");
  if (!initial) return initial.error();
  if (*since) {
    if (auto problem = check_position(**since, worker, request.after)) return *problem;
    request.after = (*since)->revision;
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
  request.after = worker.view().held().revision();
  auto deletes = query.flag("deletes");
  if (!deletes) return deletes.error();
  request.deletes = *deletes;
  auto since = query.number("since", max_revision_number);
  if (!since) return since.error();
  if (*since) {
    Position position{Revision{**since + 1}, std::nullopt};  // an offset is its revision less one
    if (auto problem = check_position(position, worker, request.after)) return *problem;
    request.after = position.revision;
  }
  return request;
}

}  // namespace kvs
