// Puts commands into the topic under this instance's name, epoch after epoch.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/bus/event_fd.hpp"
#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_intake.hpp"
#include "kvs/bus/kafka_pending.hpp"
#include "kvs/bus/kafka_producer.hpp"
#include "kvs/bus/kafka_timings.hpp"
#include "kvs/bus/kafka_worker.hpp"

namespace kvs {

// An epoch begins with an open record and ends with the first record the brokers do not take: then the producer is
// replaced, and the next open record tells everybody to ignore what may still come of the old one. Commands are taken
// while an epoch is open and let_in() says yes.
//
// What is published while records are on their way to the brokers is gathered, and goes in one request when they have
// arrived: as with a disk, few large requests take the brokers (and us) much less time than many small ones.
//
// Sequence numbers are given and records queued under one lock, so that both have one order. publish(), flush() and
// stop() are for any thread, everything else for the reader's. Options and timings must outlive the worker, whose jobs
// look at them.
class KafkaWriter {
 public:
  using Clock = std::chrono::steady_clock;

  KafkaWriter(const KafkaOptions& options, const KafkaTimings& timings, KafkaPendingLimits limits, KafkaIdentity ours,
              KafkaWorker& worker, std::shared_ptr<EventFd> wake);
  ~KafkaWriter();
  KafkaWriter(const KafkaWriter&) = delete;
  KafkaWriter& operator=(const KafkaWriter&) = delete;

  PublishResult publish(Command&& command, Ticket ticket);
  void flush();  // what was published goes now, or as soon as the brokers have taken what is on its way
  void stop();   // takes nothing any more

  // `topic_bytes`: max.message.bytes of the topic.
  void set_topic_bytes(std::size_t topic_bytes);
  void set_log_id(LogId log_id);

  // Writes the first open record; another one whenever an epoch has failed, until shut(). Without a log id this may be
  // the record that names the log.
  void begin();
  bool begun() const { return state_ != State::shut; }
  void let_in(bool yes);
  // From now on only barriers are taken, or commands again. What was taken before goes on.
  void refuse_writes(bool yes);

  // The brokers' reports that are there; endings are appended. True: there may be more.
  bool take_reports(std::vector<Ending>& endings);
  // Records of ours have come by: gives their commands in `batch` their tickets; endings are appended there.
  void came_by(const std::vector<OwnRecord>& own, Batch& batch);

  // What is due; when to call again at the latest. An epoch is opened only in a log that is known to be the right one.
  Clock::time_point tick(Clock::time_point now, bool right_log);

  bool open() const { return state_ == State::open && !failed(); }
  // Whether the brokers have said nothing for too long about a record of this epoch.
  bool stuck() const { return stuck_; }
  bool idle() const;  // nothing is waited for
  // Ends everything that is waited for as unknown, and the producer.
  void shut(std::vector<Ending>& endings);
  const std::string& detail() const { return detail_; }  // why no epoch is open

 private:
  enum class State : std::uint8_t {
    shut,
    waiting,  // until due_, to make a producer
    making,   // on the worker, with serial_
    opening,  // the open record is on its way; at due_ the brokers should have taken it
    open,
  };
  struct Produced {
    std::uint64_t sequence;
    Clock::time_point by;
  };
  // A command with a number of its own that is not produced yet. Stays where it is: the record looks into the rest.
  struct Gathered {
    Command command;
    std::string header;
    std::optional<KafkaRecord> record;
    std::uint64_t sequence = 0;
  };
  bool failed() const;
  void produce_gathered();
  void make();
  void made(std::shared_ptr<KafkaProducer> producer, ProducerNews&& last_news, std::string why);
  void write_open();
  void fail(std::string why);
  void apply(const ProducerNews& news, std::vector<Ending>& endings);
  void note_progress(Clock::time_point now);
  void open_taken();
  void not_taken();
  void say(const char* what, const std::string& why, bool again);
  void opened(const OwnRecord& record);
  bool take_own(const std::vector<OwnRecord>& own, Batch& batch);

  const KafkaOptions& options_;
  const KafkaTimings& timings_;
  const KafkaIdentity ours_;
  KafkaWorker& worker_;
  const std::shared_ptr<EventFd> wake_;

  State state_ = State::shut;
  std::size_t topic_bytes_ = 0;
  std::uint64_t serial_ = 0;
  std::uint32_t attempt_ = 0;
  std::string detail_ = "not connected yet";
  std::string said_;  // to the log, as the reason why no epoch is open
  bool open_taken_ = false;
  KafkaBackoff backoff_;  // goes on growing until an epoch has lasted for a while
  Clock::time_point opened_at_{};
  Clock::time_point due_{};
  Clock::time_point progress_due_{};
  std::deque<Produced> produced_;  // what was the newest number at some times, while not all of it is reported
  std::uint64_t reported_ = 0;     // the highest number in this epoch
  bool stuck_ = false;
  ProducerNews news_;
  std::vector<Ending> late_endings_;  // of reports that came while there was no batch to put them into

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<KafkaProducer> producer_;
  std::optional<LogId> log_id_;
  Revision epoch_ = no_revision;
  std::uint64_t sequence_ = 0;  // the last one given in this epoch
  std::size_t largest_ = 0;     // record
  std::deque<Gathered> gathered_;
  std::uint64_t on_their_way_ = 0;  // commands of this epoch that are produced and not reported
  bool taking_ = false;             // an epoch is open and the way to the brokers is good
  bool refusing_ = false;
  bool stopped_ = false;
  bool failed_ = false;  // a record was not taken by the producer; `why_`
  std::string why_;
  std::string header_;
  KafkaPending pending_;
};

}  // namespace kvs
