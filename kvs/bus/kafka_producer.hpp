// Writes to partition 0 of the topic, each record once and in the order in which they were given, or says which were
// not written.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kvs/bus/event_fd.hpp"
#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_handles.hpp"
#include "kvs/bus/kafka_record.hpp"
#include "kvs/bus/kafka_threads.hpp"

namespace kvs {

// What the brokers said of one record.
struct DeliveryReport {
  std::uint64_t tag;  // as it was given to produce()
  bool ok;            // if not: perhaps it was written, perhaps not
};

struct ProducerNews {
  std::vector<DeliveryReport> reports;
  bool fatal = false;  // nothing can be produced any more
  std::string error;   // the last one said, for people; empty if none
};

class KafkaProducer {
 public:
  enum class Result : std::uint8_t { taken, full, too_large, failed };

  // Connects in the background. Raises `wake` when there is something to report. `topic_bytes`: max.message.bytes of
  // the topic. Throws KafkaConfigError.
  KafkaProducer(const KafkaOptions& options, std::size_t topic_bytes, std::shared_ptr<EventFd> wake);
  // Blocks for a moment, also when brokers are frozen; what was not reported by then never is.
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  // Any thread; copies. `why` is set if it failed.
  Result produce(const KafkaRecord& record, std::uint64_t tag, std::string& why);
  // What is produced while they are patient goes together, as far as that can be had.
  KafkaThreads& threads() { return threads_; }

  // One thread. Appends what there is to report, about 8,192 reports at most; never blocks. True: there may be more,
  // and `wake` is not raised for it.
  bool take(ProducerNews& news);

  // Gives up what is on its way. Blocks, at most about a second; take() has all the reports afterwards.
  void give_up(ProducerNews& news);

 private:
  friend class KafkaProducerProbe;       // of the tests
  const std::shared_ptr<EventFd> wake_;  // must outlive the client, which writes to it
  KafkaThreads threads_;                 // must outlive it, too
  KafkaHandle client_;
  KafkaTopicHandle topic_;
  KafkaQueueHandle queue_;
};

}  // namespace kvs
