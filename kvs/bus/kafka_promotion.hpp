// The beginning of a topic, written out of keys that were kept elsewhere.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "kvs/bus/event_fd.hpp"
#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_producer.hpp"
#include "kvs/bus/kafka_topic.hpp"
#include "kvs/record.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// Writes an open record, which gives the history its name, then one set a key. All calls block; each gives up, with a
// KafkaError, when the brokers have acknowledged nothing for `patience`. A topic in which this was given up holds a
// part: it is to be deleted.
class KafkaPromotion {
 public:
  // options.instance is the one that is to take the topic over. Throws KafkaError if the topic was ever written to.
  KafkaPromotion(const KafkaOptions& options, const TopicDescription& topic, std::chrono::milliseconds patience);

  LogId log_id() const { return log_id_; }
  // The key's value and content type, and what is left of its time to live. Throws KafkaError, also for a record that
  // is too large for the topic.
  void set(const Record& record);
  // Everything is acknowledged when it returns, and nobody else has written meanwhile.
  void finish();

 private:
  void produce(const KafkaRecord& record, const std::string& what);
  void take_reports();
  void wait();

  const KafkaOptions& options_;
  const std::chrono::milliseconds patience_;
  const LogId log_id_;
  std::shared_ptr<EventFd> wake_;
  KafkaProducer producer_;
  ProducerNews news_;
  std::chrono::steady_clock::time_point heard_;
  std::string header_;
  std::uint64_t sequence_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace kvs
