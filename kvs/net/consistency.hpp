// How new the state must be that a read is answered from: Kvs-Min-Revision, ?min_revision=, ?linearizable=1, ?timeout=.
#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "kvs/limits.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/target.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

struct Consistency {
  Revision at_least = no_revision;  // the state is of this revision or a later one
  bool linearizable = false;        // and has everything that was acknowledged anywhere before the read began
  std::chrono::milliseconds timeout = default_read_wait;  // how long the read may wait for that
  // Of a watch: the place to go on from, included in at_least. Not to reach it is a mistake of whoever named it.
  // Likewise of a read of the past, which is answered from the state as of that revision.
  Revision since = no_revision;
  std::optional<Revision> as_of;
};

// Errors: bad_parameter; other_log for a revision of another history.
result<Consistency> parse_consistency(const RequestHead& head, const Query& query, Worker& worker);

// Reads ?revision= into it. Errors: as above.
std::optional<Problem> parse_as_of(const Query& query, Worker& worker, Consistency& wanted);

// other_log if the position belongs to another history than the one that is served.
std::optional<Problem> check_log(const Position& position, Worker& worker);
// What a problem document says of the store: "current_revision" and "oldest_revision".
std::string store_members(Worker& worker);
// What a read of the past is told that the history no longer holds.
Problem past_problem(Revision revision, Worker& worker);

}  // namespace kvs
