#include "kvs/bus/kafka_consumer.hpp"

#include <librdkafka/rdkafka.h>

#include <cerrno>
#include <utility>

#include "kvs/bus/kafka_topic.hpp"
#include "kvs/bus/kafka_wake.hpp"

namespace kvs {

namespace {

constexpr std::size_t slice_messages = 256;
constexpr std::int32_t partition = 0;

[[noreturn]] void refuse(const std::string& what, rd_kafka_resp_err_t error) {
  throw KafkaError(KafkaError::Kind::away, what + ": " + rd_kafka_err2str(error));
}

// An empty value is there, a NULL one is not; the client library gives both no address, but only the first a length of
// its own: it has a pointer into the message then.
std::optional<std::string_view> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

// The last header of each name counts.
void read_headers(const rd_kafka_message_t& message, KafkaRecord& record) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    std::string_view text = value == nullptr ? std::string_view("") : *bytes(value, size);
    if (name == std::string_view(kvs_header_name)) {
      record.kvs = text;
    } else if (name == std::string_view(content_type_header_name)) {
      record.content_type = text;
    }
  }
}

void describe(const rd_kafka_message_t& from, KafkaMessage& message) {
  message = {};
  message.offset = from.offset;
  if (from.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    message.kind = KafkaMessage::Kind::end;
  } else if (from.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    message.kind = KafkaMessage::Kind::error;
    message.text = rd_kafka_message_errstr(&from);
  } else {
    message.timestamp = rd_kafka_message_timestamp(&from, nullptr);
    message.record.key = bytes(from.key, from.key_len);
    message.record.value = bytes(from.payload, from.len);
    read_headers(from, message.record);
  }
}

}  // namespace

KafkaConsumer::KafkaConsumer(const KafkaOptions& options, std::shared_ptr<EventFd> wake)
    : wake_(std::move(wake)), topic_name_(options.topic) {
  KafkaConf conf = kafka_config(options, KafkaRole::consumer);
  char why[512];
  client_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why, sizeof why));
  if (!client_) throw KafkaConfigError(std::string("no Kafka consumer can be made: ") + why);
  static_cast<void>(conf.release());
  topic_.reset(rd_kafka_topic_new(client_.get(), topic_name_.c_str(), nullptr));
  if (!topic_) refuse("the topic " + topic_name_, rd_kafka_last_error());
  queue_.reset(rd_kafka_queue_new(client_.get()));
  wake_by(queue_.get(), *wake_);
  slice_.reserve(slice_messages);
}

KafkaConsumer::~KafkaConsumer() {
  for (std::size_t i = next_; i < slice_.size(); ++i) rd_kafka_message_destroy(slice_[i]);
  current_.reset();
  if (queue_) wake_by_nobody(queue_.get());
  if (begun_) rd_kafka_consume_stop(topic_.get(), partition);
  queue_.reset();
  topic_.reset();
}

void KafkaConsumer::begin(std::int64_t offset) {
  if (rd_kafka_consume_start_queue(topic_.get(), partition, offset, queue_.get()) != 0) {
    refuse("the topic " + topic_name_ + " cannot be read", rd_kafka_last_error());
  }
  begun_ = true;
}

KafkaWatermarks KafkaConsumer::watermarks(Timeout timeout) const {
  return kafka_watermarks(client_.get(), topic_name_, timeout);
}

std::string KafkaConsumer::cluster_id(Timeout timeout) const {
  char* id = rd_kafka_clusterid(client_.get(), static_cast<int>(timeout.count()));
  std::string text = id == nullptr ? "" : id;
  if (id != nullptr) rd_kafka_mem_free(client_.get(), id);
  return text;
}

const KafkaMessage* KafkaConsumer::next() {
  current_.reset();
  if (next_ == slice_.size() && !refill()) return nullptr;
  current_.reset(slice_[next_++]);
  describe(*current_, message_);
  return &message_;
}

bool KafkaConsumer::refill() {
  next_ = 0;
  slice_.resize(slice_messages);
  auto taken = rd_kafka_consume_batch_queue(queue_.get(), 0, slice_.data(), slice_messages);
  slice_.resize(taken > 0 ? static_cast<std::size_t>(taken) : 0);
  return !slice_.empty();
}

}  // namespace kvs
