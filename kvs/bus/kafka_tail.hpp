// Follows the log: begins at the right place, makes sure that it is still the same log, notices when the brokers go
// away and when they come back, and finds out what happened when the place is gone.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kvs/bus/event_fd.hpp"
#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_consumer.hpp"
#include "kvs/bus/kafka_intake.hpp"
#include "kvs/bus/kafka_landing.hpp"
#include "kvs/bus/kafka_timings.hpp"
#include "kvs/bus/kafka_worker.hpp"

namespace kvs {

// A run that has begun, or why not.
struct KafkaRun {
  enum class Outcome : std::uint8_t { begun, away, no_topic, broken };
  Outcome outcome = Outcome::away;
  std::string why;  // for people
  std::shared_ptr<KafkaConsumer> consumer;
  KafkaWatermarks log;
  KafkaLanding landing;
  std::string cluster_id;  // empty: not known; also if there is no topic
};

// For people: what it means when a topic that was read is missing.
std::string topic_is_gone(const std::string& topic);

// Throws BusBroken unless these are the ids of one cluster, or one of them is not known (empty).
void refuse_other_cluster(const std::string& known, const std::string& seen);

// Options and timings must outlive the worker, whose jobs look at them. Everything on the reader's thread. Where to go
// on is `intake`'s to say. Throws BusBroken and BusTrimmed where said.
class KafkaTail {
 public:
  using Clock = std::chrono::steady_clock;

  KafkaTail(const KafkaOptions& options, const KafkaTimings& timings, KafkaIntake& intake, KafkaWorker& worker,
            std::shared_ptr<EventFd> wake);
  ~KafkaTail();
  KafkaTail(const KafkaTail&) = delete;
  KafkaTail& operator=(const KafkaTail&) = delete;

  // Begins a run where the intake stands; the one there is ends.
  void restart(std::string why);
  // No more runs.
  void stop();

  // The next record at or after the intake's place, of a log that was compared. Null: none for now. Throws.
  const KafkaMessage* next();

  // What is due; when to call again at the latest. Throws.
  Clock::time_point tick(Clock::time_point now);

  bool reading() const { return state_ == State::reading; }
  bool reachable() const { return reading() && answers_; }
  bool at_end() const { return reading() && at_end_; }  // a run has reached what was the end of the log at some time
  std::optional<std::uint64_t> lag() const;
  const std::string& detail() const { return detail_; }  // why it is not reachable

 private:
  enum class State : std::uint8_t {
    idle,
    waiting,    // until due_, to begin a run
    assigning,  // the worker begins one, with serial_
    comparing,  // its first record must be the last one of the run before; until due_
    reading,
  };
  void begin_run();
  void run_begun(KafkaRun&& run);
  void retry(std::string why);
  void doubt(std::string why);
  void came();
  void failed(std::string why);
  void say(const std::string& why);
  void compare(const KafkaMessage& message);
  void now_reading();
  Clock::time_point ask_due() const;
  void ask();
  void answered(const KafkaWatermarks& log, std::int64_t position);
  void not_answered(bool no_topic, std::string why, Clock::time_point asked);
  bool stalled(Clock::time_point now);

  const KafkaOptions& options_;
  const KafkaTimings& timings_;
  KafkaIntake& intake_;
  KafkaWorker& worker_;
  const std::shared_ptr<EventFd> wake_;

  State state_ = State::idle;
  std::uint64_t serial_ = 0;  // of the newest run; the worker's answers to older ones mean nothing
  std::shared_ptr<KafkaConsumer> consumer_;
  KafkaWatermarks log_;  // as last heard
  bool at_end_ = false;
  bool answers_ = false;
  bool asking_ = false;
  std::string detail_ = "not connected yet";
  std::string said_;       // to the log, as the reason why nothing is read
  bool fruitful_ = false;  // this run has brought something
  KafkaBackoff backoff_;   // until one has
  Clock::time_point due_{};
  Clock::time_point ask_at_{};
  Clock::time_point asked_at_{};
  bool dry_ = false;  // next() had nothing when it was last called
  std::optional<Clock::time_point> unanswered_since_;
  std::optional<Clock::time_point> doubt_since_;
  std::int64_t progress_ = -1;  // the intake's place when it last moved
  Clock::time_point progress_at_{};
};

}  // namespace kvs
