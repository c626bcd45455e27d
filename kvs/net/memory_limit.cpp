#include "kvs/net/memory_limit.hpp"

#include <algorithm>

#include "kvs/units.hpp"

namespace kvs {
namespace {

std::int64_t size_of(const Record* record) { return record ? static_cast<std::int64_t>(record->footprint()) : 0; }

std::int64_t growth(const Record& record, const State& state) {
  return size_of(&record) - size_of(state.find(record.key()));
}

std::int64_t growth(const std::vector<Transaction::Step>& steps, const State& state) {
  using Kind = Transaction::Step::Kind;
  std::int64_t sum = 0;
  for (const Transaction::Step& step : steps) {
    if (step.kind == Kind::set) sum += growth(*step.record, state);
    if (step.kind == Kind::remove) sum -= size_of(state.find(step.record->key()));
  }
  return sum;
}

// Of a transaction whichever of its two lists adds more: which it will be shows only in the order.
std::int64_t growth(const Command& command, const State& state) {
  if (command.kind == Command::Kind::set) return growth(*command.record, state);
  if (command.kind != Command::Kind::transaction) return 0;
  return std::max(growth(command.transaction->then, state), growth(command.transaction->otherwise, state));
}

}  // namespace

std::optional<Problem> check_memory(const Command& command, Worker& worker) {
  std::uint64_t limit = worker.options().max_memory;
  if (limit == 0) return std::nullopt;
  const State& state = worker.view().held();
  std::int64_t more = growth(command, state);
  if (more <= 0 || state.needed() + static_cast<std::uint64_t>(more) <= limit) return std::nullopt;
  if (!command.request_key.empty() && state.answer(command.request_key)) return std::nullopt;
  return Problem{errc::out_of_space, "the memory limit is reached (--max-memory " + format_size(limit) +
                                         "): nothing was written; delete keys, or start the server with a higher one"};
}

}  // namespace kvs
