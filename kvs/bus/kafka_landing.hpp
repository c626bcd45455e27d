// Where a run through the log begins, given where an instance stands and what the log holds.
#pragma once
#include <cstdint>
#include <optional>

#include "kvs/bus/kafka_watermarks.hpp"

namespace kvs {

struct KafkaLanding {
  enum class Kind : std::uint8_t {
    here,     // at `from`
    trimmed,  // what comes next is no longer there
    cut,      // the log ends before what was read already: it lost records, or is another one
  };
  Kind kind = Kind::here;
  std::int64_t from = 0;
  bool compare =
      false;  // the first record must be the one read last; if it is no longer there, nothing can be compared
};

// `next`: the offset to go on from; `last`: of the record read last, none if there is none.
KafkaLanding land(std::int64_t next, std::optional<std::int64_t> last, const KafkaWatermarks& log);

}  // namespace kvs
