// How long the Kafka bus waits for what. Tests have shorter ones.
#pragma once
#include <chrono>

namespace kvs {

struct KafkaTimings {
  using Milliseconds = std::chrono::milliseconds;

  Milliseconds look{1000};       // also when nobody calls: the client library's wake-ups are not to be relied on alone
  Milliseconds ask_every{1000};  // the partition's leader, for the ends of the log
  Milliseconds ask_timeout{1000};     // no answer by then: away
  Milliseconds unreported{3000};      // a record the brokers say nothing about for so long: away
  Milliseconds assign_timeout{3000};  // to begin a run through the log, or to get its first record
  Milliseconds stalled{10'000};       // nothing comes although the log goes on: a new run
  Milliseconds doubt{10'000};         // so long the brokers must deny the topic, or the log's end, to be believed
  Milliseconds retry_first{100};      // doubled from attempt to attempt
  Milliseconds retry_most{5000};
  Milliseconds stop_grace{2000};  // for reports and records of what is on its way when the bus is stopped
  Milliseconds topic_timeout{5000};
  Milliseconds check_topic_every{5 * 60'000};
};

// The time between attempts.
class KafkaBackoff {
 public:
  explicit KafkaBackoff(const KafkaTimings& timings) : first_(timings.retry_first), most_(timings.retry_most) {}

  std::chrono::milliseconds next() {
    auto now = next_ == std::chrono::milliseconds::zero() ? first_ : next_;
    next_ = now * 2 < most_ ? now * 2 : most_;
    return now;
  }
  void reset() { next_ = {}; }

 private:
  std::chrono::milliseconds first_, most_, next_{};
};

}  // namespace kvs
