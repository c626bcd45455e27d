#include "kvs/bus/kafka_handles.hpp"

#include <librdkafka/rdkafka.h>

namespace kvs {

void KafkaDestroyer::operator()(rd_kafka_s* client) const noexcept { rd_kafka_destroy(client); }
void KafkaDestroyer::operator()(rd_kafka_topic_s* topic) const noexcept { rd_kafka_topic_destroy(topic); }
void KafkaDestroyer::operator()(rd_kafka_queue_s* queue) const noexcept { rd_kafka_queue_destroy(queue); }
void KafkaDestroyer::operator()(rd_kafka_message_s* message) const noexcept { rd_kafka_message_destroy(message); }

}  // namespace kvs
