#include "kvs/command.hpp"

namespace kvs {

std::size_t Transaction::footprint() const {
  std::size_t bytes = sizeof(Transaction);
  for (const Check& check : checks) bytes += sizeof(Check) + check.key.size() + check.condition.value.size();
  for (const auto* steps : {&then, &otherwise}) {
    for (const Step& step : *steps) bytes += sizeof(Step) + step.record->footprint();
  }
  return bytes;
}

}  // namespace kvs
