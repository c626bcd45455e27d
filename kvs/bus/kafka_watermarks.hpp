// Where the log of a partition begins and ends.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

struct rd_kafka_s;

namespace kvs {

// What the partition's leader holds.
struct KafkaWatermarks {
  std::int64_t begin = 0;  // the oldest offset that is there
  std::int64_t end = 0;    // the next offset to be written
};

// Asks the leader of partition 0; blocks, at most about `timeout`. Throws KafkaError.
KafkaWatermarks kafka_watermarks(rd_kafka_s* client, const std::string& topic, std::chrono::milliseconds timeout);

}  // namespace kvs
