#include "kvs/bus/kafka_watermarks.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>

#include "kvs/bus/kafka_topic.hpp"

namespace kvs {

namespace {

using Clock = std::chrono::steady_clock;

// Time stamps with a meaning of their own in Kafka's protocol (ListOffsets).
constexpr std::int64_t latest = -1, earliest = -2;

struct ListDestroyer {
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};

bool means_no_topic(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

// Not rd_kafka_query_watermark_offsets(): before librdkafka 2.3 it goes on asking for as long as the broker is down,
// whatever time it is given (confluentinc/librdkafka#2588).
std::int64_t ask(rd_kafka_t* client, const std::string& topic, std::int64_t which, Clock::time_point deadline) {
  std::unique_ptr<rd_kafka_topic_partition_list_t, ListDestroyer> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* one = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
  one->offset = which;
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  auto error = rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(std::max<std::int64_t>(left, 1)));
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = one->err;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && one->offset >= 0) return one->offset;
  auto kind = means_no_topic(error) ? KafkaError::Kind::no_topic : KafkaError::Kind::away;
  throw KafkaError(kind, "the topic " + topic + " cannot be asked for its ends: " + rd_kafka_err2str(error));
}

}  // namespace

KafkaWatermarks kafka_watermarks(rd_kafka_s* client, const std::string& topic, std::chrono::milliseconds timeout) {
  auto deadline = Clock::now() + timeout;
  KafkaWatermarks marks;
  marks.end = ask(client, topic, latest, deadline);
  marks.begin = ask(client, topic, earliest, deadline);
  return marks;
}

}  // namespace kvs
