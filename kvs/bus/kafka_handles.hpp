// Owners for what librdkafka makes. Its header is seen in .cpp files only.
#pragma once
#include <memory>

struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;  // NOLINT(readability-identifier-naming): librdkafka's name

namespace kvs {

struct KafkaDestroyer {
  void operator()(rd_kafka_s* client) const noexcept;  // blocks; everything else of the client must be gone before
  void operator()(rd_kafka_topic_s* topic) const noexcept;
  void operator()(rd_kafka_queue_s* queue) const noexcept;
  void operator()(rd_kafka_message_s* message) const noexcept;
};

using KafkaHandle = std::unique_ptr<rd_kafka_s, KafkaDestroyer>;
using KafkaTopicHandle = std::unique_ptr<rd_kafka_topic_s, KafkaDestroyer>;
using KafkaQueueHandle = std::unique_ptr<rd_kafka_queue_s, KafkaDestroyer>;
using KafkaMessageHandle = std::unique_ptr<rd_kafka_message_s, KafkaDestroyer>;

}  // namespace kvs
