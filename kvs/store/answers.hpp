// The answer that a state remembers for a request key, so that a retry gets it again: a verdict without values.
#pragma once
#include <optional>

#include "kvs/command.hpp"
#include "kvs/store/request_log.hpp"

namespace kvs {

// The record to be remembered: its key is the command's request key, its revision the command's place. Only verdicts
// that the order gave: applied, nothing, refused.
RecordRef make_answer(const Command& asked, const Verdict& verdict, Revision place, LogTime time);

// The verdict as `asked` gets it again (`replayed`), or `reused` if the answer was given to something else.
// Records in it have no values; in a transaction's results they are those of `asked`.
Verdict replay_answer(const Record& answer, const Command& asked);

// What became of the request, for whoever only asks that. Nothing: an answer of no known form.
std::optional<RequestLog::Entry> remembered(const Record& answer);

}  // namespace kvs
