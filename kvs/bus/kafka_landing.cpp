#include "kvs/bus/kafka_landing.hpp"

namespace kvs {

KafkaLanding land(std::int64_t next, std::optional<std::int64_t> last, const KafkaWatermarks& log) {
  if (log.begin > next) return {KafkaLanding::Kind::trimmed, next};
  if (log.end < next) return {KafkaLanding::Kind::cut, next};
  if (last && *last >= log.begin) return {KafkaLanding::Kind::here, *last, true};
  return {KafkaLanding::Kind::here, next};
}

}  // namespace kvs
