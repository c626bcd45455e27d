#include "kvs/net/consistency.hpp"

#include <algorithm>

namespace kvs {

namespace {

std::string members(Worker& worker, Revision oldest) {
  return "\"current_revision\":" + std::to_string(number(worker.view().held().revision())) +
         ",\"oldest_revision\":" + std::to_string(number(oldest));
}

}  // namespace

std::string store_members(Worker& worker) { return members(worker, worker.store().oldest(worker.view())); }

Problem past_problem(Revision revision, Worker& worker) {
  Revision oldest = worker.store().oldest_past(worker.view());
  return {errc::compacted,
          "the state as of revision " + std::to_string(number(revision)) + " can't be had any more: the oldest is " +
              std::to_string(number(oldest)) + "; a listing begins anew without revision",
          members(worker, oldest)};
}

std::optional<Problem> check_log(const Position& position, Worker& worker) {
  if (!position.log || *position.log == worker.store().log_id()) return std::nullopt;
  return Problem{
      errc::other_log,
      "the revision is of another history than this one (Kvs-Log-Id); read anew, and go on from what you get",
      store_members(worker)};
}

result<Consistency> parse_consistency(const RequestHead& head, const Query& query, Worker& worker) {
  Consistency wanted;
  auto least = query.position("min_revision");
  if (!least) return least.error();
  if (*least) {
    if (auto problem = check_log(**least, worker)) return *problem;
    wanted.at_least = (*least)->revision;
  }
  if (head.has(Known::kvs_min_revision)) {
    auto position = parse_position(head.value(Known::kvs_min_revision));
    if (!position) return Problem{position.error().code, "Kvs-Min-Revision: " + position.error().detail};
    if (auto problem = check_log(*position, worker)) return *problem;
    wanted.at_least = std::max(wanted.at_least, position->revision);
  }
  auto linearizable = query.flag("linearizable");
  if (!linearizable) return linearizable.error();
  wanted.linearizable = *linearizable;
  auto timeout = query.duration("timeout");
  if (!timeout) return timeout.error();
  if (!*timeout) return wanted;
  if (**timeout > most_read_wait) return Problem{errc::bad_parameter, "timeout is at most 60s"};
  wanted.timeout = **timeout;
  return wanted;
}

std::optional<Problem> parse_as_of(const Query& query, Worker& worker, Consistency& wanted) {
  auto position = query.position("revision");
  if (!position) return position.error();
  if (!*position) return std::nullopt;
  if (auto problem = check_log(**position, worker)) return problem;
  wanted.as_of = wanted.since = (*position)->revision;
  wanted.at_least = std::max(wanted.at_least, wanted.since);
  return std::nullopt;
}

}  // namespace kvs
