#include "kvs/command.hpp"

namespace kvs {

std::size_t Transaction::footprint() const {
  std::size_t bytes = sizeof(Transaction);
  for (const Check& check : checks) bytes += sizeof(Check) + check.key.size() + check.condition.footprint();
  for (const auto* steps : {&then, &otherwise}) {
    for (const Step& step : *steps) bytes += sizeof(Step) + step.record->footprint();
  }
  return bytes;
}

std::size_t Command::footprint() const {
  std::size_t bytes = sizeof(Command) + request_id.size() + request_key.size();
  if (record) bytes += record->footprint();
  if (transaction) bytes += transaction->footprint();
  for (const Condition& condition : conditions) bytes += sizeof(Condition) + condition.footprint();
  return bytes;
}

}  // namespace kvs
