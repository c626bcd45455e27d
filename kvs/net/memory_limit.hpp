// --max-memory: whether there is room for what a write adds.
#pragma once
#include <optional>

#include "kvs/command.hpp"
#include "kvs/errc.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

// out_of_space for a write that would make the state larger than ServerOptions::max_memory allows. Deletes, touches,
// sets that make nothing larger and retries of what was written go on. Looked at when a write is taken, against the
// state as it is then: what is under way already may go beyond the limit by as much as the bus lets wait.
std::optional<Problem> check_memory(const Command& command, Worker& worker);

}  // namespace kvs
