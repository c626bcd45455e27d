#include "kvs/bus/kafka_promotion.hpp"

#include <poll.h>

#include <algorithm>

#include "kvs/bus/kafka_consumer.hpp"
#include "kvs/bus/kafka_record.hpp"
#include "kvs/random_id.hpp"

namespace kvs {
namespace {

constexpr Revision epoch{1};  // the open record has offset 0
constexpr std::chrono::milliseconds look_again{100};

void refuse_used(const KafkaOptions& options, const TopicDescription& topic) {
  if (topic.leader && topic.end == 0) return;
  std::string what = "the topic " + options.topic;
  if (!topic.leader) throw KafkaError(KafkaError::Kind::away, what + " has no leader now: nothing can be written");
  throw KafkaError(KafkaError::Kind::refused,
                   what + " is not empty (" + std::to_string(topic.end) +
                       " records were written to it): choose another one with --kafka-topic, or delete it");
}

}  // namespace

KafkaPromotion::KafkaPromotion(const KafkaOptions& options, const TopicDescription& topic,
                               std::chrono::milliseconds patience)
    : options_(options),
      patience_(patience),
      log_id_((refuse_used(options, topic), LogId{random_id()})),
      wake_(std::make_shared<EventFd>()),
      producer_(options, topic.max_message_bytes(), wake_),
      heard_(std::chrono::steady_clock::now()) {
  OpenRecord open{{}, options.instance, number(log_id_), 1};
  produce(encode_open(open, header_), "the open record");
}

namespace {

// What is left of a key's time; one whose time has come goes as soon as the first instance is there.
std::chrono::milliseconds time_left(const Record& record) {
  auto expires = record.expires();
  if (!expires) return {};
  auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return std::max(std::chrono::milliseconds{1}, *expires - now);
}

}  // namespace

void KafkaPromotion::set(const Record& record) {
  Command command;
  command.kind = Command::Kind::set;
  command.ttl = time_left(record);
  command.record = Record::make(record.key(), record.value(), record.content_type());
  auto encoded = encode_command(command, {log_id_, options_.instance, epoch, ++sequence_}, header_);
  std::string what = "the key of revision " + std::to_string(number(record.revision()));
  if (!encoded) throw KafkaError(KafkaError::Kind::refused, what + " does not fit into a record of Kafka");
  produce(*encoded, what);
}

void KafkaPromotion::produce(const KafkaRecord& record, const std::string& what) {
  for (;;) {
    std::string why;
    auto result = producer_.produce(record, written_, why);
    if (result == KafkaProducer::Result::taken) break;
    if (result == KafkaProducer::Result::too_large)
      throw KafkaError(KafkaError::Kind::refused,
                       what + " is larger than the topic allows: raise its max.message.bytes");
    if (result == KafkaProducer::Result::failed)
      throw KafkaError(KafkaError::Kind::refused, "cannot write to the topic " + options_.topic + ": " + why);
    wait();
  }
  ++written_;
  take_reports();
}

void KafkaPromotion::take_reports() {
  news_.reports.clear();
  while (producer_.take(news_)) {
  }
  for (const DeliveryReport& report : news_.reports) {
    if (!report.ok || news_.fatal)
      throw KafkaError(KafkaError::Kind::away, "writing to the topic " + options_.topic + " failed: " + news_.error);
    ++acknowledged_;
  }
  if (!news_.reports.empty()) heard_ = std::chrono::steady_clock::now();
}

void KafkaPromotion::wait() {
  if (std::chrono::steady_clock::now() - heard_ > patience_) {
    std::string why = news_.error.empty() ? "" : " (" + news_.error + ")";
    throw KafkaError(KafkaError::Kind::away, "Kafka at " + options_.brokers + " acknowledges nothing any more" + why);
  }
  pollfd readable{wake_->get(), POLLIN, 0};
  ::poll(&readable, 1, static_cast<int>(look_again.count()));
  wake_->clear();
  take_reports();
}

void KafkaPromotion::finish() {
  while (acknowledged_ < written_) wait();
  KafkaConsumer reader(options_, std::make_shared<EventFd>());
  if (static_cast<std::uint64_t>(reader.watermarks(patience_).end) == written_) return;
  throw KafkaError(KafkaError::Kind::refused, "somebody else has written to the topic " + options_.topic +
                                                  " meanwhile: delete it and begin again with nobody else there");
}

}  // namespace kvs
