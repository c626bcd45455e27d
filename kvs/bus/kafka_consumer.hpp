// One run through partition 0 of the topic, from one offset on.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/bus/event_fd.hpp"
#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_handles.hpp"
#include "kvs/bus/kafka_record.hpp"
#include "kvs/bus/kafka_watermarks.hpp"

namespace kvs {

// What a consumer hands out. The views point into the client library's memory, as long as the next one is not asked
// for.
struct KafkaMessage {
  enum class Kind : std::uint8_t {
    record,
    end,    // the position has reached the end of the log, as it was when it was asked
    error,  // nothing follows any more; `text`
  };
  Kind kind = Kind::record;
  std::int64_t offset = 0;     // of the record; of the end: the position
  std::int64_t timestamp = 0;  // ms since 1970
  KafkaRecord record;
  std::string_view text;
};

// Every run has a client of its own, so that nothing of an earlier one can get into it. next() runs on the reader's
// thread and never blocks; everything else blocks and belongs on the worker's, the destruction included.
class KafkaConsumer {
 public:
  using Timeout = std::chrono::milliseconds;

  // Connects in the background. Raises `wake` when there is something to hand out (see kafka_wake.hpp). Throws
  // KafkaConfigError, KafkaError.
  KafkaConsumer(const KafkaOptions& options, std::shared_ptr<EventFd> wake);
  ~KafkaConsumer();
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  // Once. Throws KafkaError.
  void begin(std::int64_t offset);

  // From the partition's leader. Throws KafkaError.
  KafkaWatermarks watermarks(Timeout timeout) const;
  std::string cluster_id(Timeout timeout) const;  // empty: none was learned in that time

  // Null: nothing more at the moment.
  const KafkaMessage* next();

 private:
  bool refill();

  const std::shared_ptr<EventFd> wake_;  // must outlive the client, which writes to it
  const std::string topic_name_;
  KafkaHandle client_;
  KafkaTopicHandle topic_;
  KafkaQueueHandle queue_;
  bool begun_ = false;
  std::vector<rd_kafka_message_s*> slice_;  // owned; null where handed out and gone
  std::size_t next_ = 0;
  KafkaMessageHandle current_;
  KafkaMessage message_;
};

}  // namespace kvs
