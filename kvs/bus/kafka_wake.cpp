#include "kvs/bus/kafka_wake.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdint>

namespace kvs {

void wake_by(rd_kafka_queue_s* queue, const EventFd& wake) {
  const std::uint64_t one = 1;  // what an eventfd counts by
  rd_kafka_queue_io_event_enable(queue, wake.get(), &one, sizeof one);
  wake.raise();
}

void wake_by_nobody(rd_kafka_queue_s* queue) { rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0); }

}  // namespace kvs
