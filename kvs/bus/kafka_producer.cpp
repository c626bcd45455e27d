#include "kvs/bus/kafka_producer.hpp"

#include <librdkafka/rdkafka.h>

#include <cstring>
#include <utility>

#include "kvs/bus/kafka_wake.hpp"

namespace kvs {

namespace {

constexpr std::int32_t partition = 0;
constexpr int give_up_polls = 100, give_up_poll_ms = 10;
constexpr std::size_t slice_reports = 8192;  // an event may bring more

struct HeadersDestroyer {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, HeadersDestroyer>;

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

Headers headers_of(const KafkaRecord& record) {
  constexpr std::size_t most = 2;
  Headers headers(rd_kafka_headers_new(most));
  if (record.kvs) add(headers.get(), kvs_header_name, *record.kvs);
  if (!record.content_type.empty()) add(headers.get(), content_type_header_name, record.content_type);
  return headers;
}

rd_kafka_vu_t block(rd_kafka_vtype_t type, const std::optional<std::string_view>& bytes) {
  rd_kafka_vu_t one{};
  one.vtype = type;
  if (bytes) {
    one.u.mem.ptr = const_cast<char*>(bytes->data());
    one.u.mem.size = bytes->size();
  }
  return one;
}

void take_reports(rd_kafka_event_t* event, ProducerNews& news) {
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
    bool ok = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    news.reports.push_back({reinterpret_cast<std::uintptr_t>(message->_private), ok});
    if (!ok) news.error = rd_kafka_err2str(message->err);
  }
}

void take_error(rd_kafka_event_t* event, ProducerNews& news) {
  news.fatal = news.fatal || rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__FATAL;
  news.error = rd_kafka_event_error_string(event);
}

}  // namespace

KafkaProducer::KafkaProducer(const KafkaOptions& options, std::size_t topic_bytes, std::shared_ptr<EventFd> wake)
    : wake_(std::move(wake)) {
  KafkaConf conf = kafka_config(options, KafkaRole::producer, topic_bytes);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  threads_.follow(conf.get());
  char why[512];
  client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why, sizeof why));
  if (!client_) throw KafkaConfigError(std::string("no Kafka producer can be made: ") + why);
  static_cast<void>(conf.release());
  topic_.reset(rd_kafka_topic_new(client_.get(), options.topic.c_str(), nullptr));
  if (!topic_) throw KafkaConfigError("the topic " + options.topic + ": " + rd_kafka_err2str(rd_kafka_last_error()));
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  wake_by(queue_.get(), *wake_);
}

KafkaProducer::~KafkaProducer() {
  wake_by_nobody(queue_.get());
  ProducerNews nobody_listens;
  give_up(nobody_listens);
  queue_.reset();
  topic_.reset();
}

KafkaProducer::Result KafkaProducer::produce(const KafkaRecord& record, std::uint64_t tag, std::string& why) {
  rd_kafka_vu_t parts[8] = {};
  std::size_t count = 0;
  parts[count].vtype = RD_KAFKA_VTYPE_RKT;
  parts[count++].u.rkt = topic_.get();
  parts[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[count++].u.i32 = partition;
  parts[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[count++].u.i = RD_KAFKA_MSG_F_COPY;
  parts[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[count++].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(tag));
  parts[count++] = block(RD_KAFKA_VTYPE_KEY, record.key);
  parts[count++] = block(RD_KAFKA_VTYPE_VALUE, record.value);
  // As a list that stays ours if it fails: of headers given one by one, librdkafka frees the list twice when the topic
  // is gone (confluentinc/librdkafka#4627).
  Headers headers = headers_of(record);
  parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[count++].u.headers = headers.get();
  rd_kafka_error_t* error = rd_kafka_produceva(client_.get(), parts, count);
  if (error == nullptr) {
    static_cast<void>(headers.release());
    return Result::taken;
  }
  auto code = rd_kafka_error_code(error);
  why = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Result::full;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) return Result::too_large;
  return Result::failed;
}

bool KafkaProducer::take(ProducerNews& news) {
  while (news.reports.size() < slice_reports) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_.get(), 0);
    if (event == nullptr) return false;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) take_reports(event, news);
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR) take_error(event, news);
    rd_kafka_event_destroy(event);
  }
  return true;
}

void KafkaProducer::give_up(ProducerNews& news) {
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  int polls = 0;
  while (rd_kafka_outq_len(client_.get()) > 0 && polls++ < give_up_polls) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_.get(), give_up_poll_ms);
    if (event == nullptr) continue;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR) take_reports(event, news);
    rd_kafka_event_destroy(event);
  }
}

}  // namespace kvs
