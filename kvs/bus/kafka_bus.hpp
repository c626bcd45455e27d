// Orders commands in a Kafka topic that several instances share.
#pragma once
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/bus/event_fd.hpp"
#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_intake.hpp"
#include "kvs/bus/kafka_tail.hpp"
#include "kvs/bus/kafka_timings.hpp"
#include "kvs/bus/kafka_topic.hpp"
#include "kvs/bus/kafka_worker.hpp"
#include "kvs/bus/kafka_writer.hpp"

namespace kvs {

// Who looks after the topic. Both may block for about the time they are given, and throw KafkaError.
struct KafkaTopicCare {
  // At start. `read_in`: the id of the cluster this instance has read the topic in (empty: not known); none: it has
  // read nothing, and the topic is made if it is missing and may be made. Throws BusBroken if the topic is not fit, or
  // the cluster another.
  std::function<TopicDescription(KafkaTopic::Timeout, const std::optional<std::string>& read_in)> prepare;
  // Now and then.
  std::function<TopicDescription(KafkaTopic::Timeout)> describe;
};
KafkaTopicCare kafka_topic_care(const KafkaOptions& options);  // by a KafkaTopic

struct KafkaBusLimits {
  std::size_t batch_commands = 8192;  // next() hands out at most so many at once
  std::size_t batch_bytes = 8 * 1024 * 1024;
  KafkaPendingLimits pending;  // publish() says full beyond
};

// A record's place is its offset + 1. The topic is read from where the bookmark says; only what was read back from it
// is handed out. While no broker answers, start() and next() wait, and status() says why.
//
// Has a thread of its own for what blocks. To be destroyed before the reader's io_context, unless next() has handed out
// `last`, or it or start() has thrown; destruction may take some seconds if brokers do not answer.
class KafkaBus final : public Bus {
 public:
  // Throws KafkaConfigError; reaches for nothing before start().
  explicit KafkaBus(KafkaOptions options, KafkaTimings timings = {}, KafkaBusLimits limits = {});
  KafkaBus(KafkaOptions options, KafkaTopicCare care, KafkaTimings timings = {}, KafkaBusLimits limits = {});
  ~KafkaBus() override;

  awaitable<LogId> start(BusStart from, Executor reader) override;
  PublishResult publish(Command&& command, Ticket ticket) override;
  void flush() override;
  awaitable<Batch> next() override;
  BusStatus status() const override;
  bool up() const override;
  bool keeps_log() const override { return true; }
  void stop() override;

  // Any thread: what was read and left out, since the start.
  const KafkaIgnored& ignored() const { return intake_.ignored(); }

 private:
  using Clock = std::chrono::steady_clock;
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  awaitable<void> prepare_topic(std::optional<std::string> read_in);
  awaitable<void> find_log_id();
  void scan();
  void ask_for_topic();
  void topic_seen(const TopicDescription& topic);
  void check(const TopicDescription& topic);
  bool step(Batch& batch);
  bool read(Batch& batch);
  bool take_records(Batch& batch);
  void act();
  void settle_up();
  void settle_stop(Batch& batch);
  void release(std::vector<Ending>& endings);
  void say_away(std::string why);
  awaitable<void> wait();
  void arm(Clock::time_point due);
  std::string detail() const;

  const KafkaOptions options_;  // these two outlive the worker
  const KafkaTimings timings_;
  const KafkaBusLimits limits_;
  KafkaTopicCare care_;
  const std::shared_ptr<EventFd> wake_;
  KafkaWorker worker_;
  KafkaIntake intake_;
  KafkaTail tail_;
  KafkaWriter writer_;

  // The reader's thread.
  std::optional<asio::posix::basic_stream_descriptor<Executor>> descriptor_;
  std::optional<Timer> timer_;
  Clock::time_point armed_{};  // when the timer wakes
  Clock::time_point due_{};    // when something is to be done, as act() knows
  Clock::time_point topic_due_{};
  std::size_t brokers_ = 0;  // at the start
  bool asking_topic_ = false;
  std::optional<Clock::time_point> stop_by_;
  std::exception_ptr broken_;
  bool status_changed_ = false;
  bool was_stuck_ = false;
  bool was_whole_ = false;          // the brokers within reach and an epoch open
  std::vector<Ending> no_endings_;  // nothing can be published before start() has ended
  Fence scan_;                      // of a first start, until it knows the log
  std::vector<OwnRecord> own_;
  std::size_t last_batch_ = 1;
  std::uint64_t raised_ = 0;  // what the eventfd counted

  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // guards what follows
  bool up_ = false;
  Clock::time_point since_ = Clock::now();
  std::string detail_ = "not started";
  std::string danger_;  // of writing to the topic as it is now; then it is not done
  std::optional<std::uint64_t> lag_;
};

}  // namespace kvs
