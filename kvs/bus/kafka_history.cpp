#include "kvs/bus/kafka_history.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <random>

#include "kvs/bus/kafka_consumer.hpp"
#include "kvs/bus/kafka_producer.hpp"
#include "kvs/bus/kafka_record.hpp"

namespace kvs {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Every record of ours names the log; a few are enough unless other programs write most of them.
constexpr std::array<std::int64_t, 2> records_looked_at{50, 5000};
constexpr milliseconds look_again{1000};  // whether there is news or not

// Waits for news. Throws KafkaError when the time is up.
void wait(const EventFd& wake, Clock::time_point deadline, const KafkaOptions& options) {
  auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
  if (left.count() <= 0)
    throw KafkaError(KafkaError::Kind::away,
                     "no answer about the topic " + options.topic + " from Kafka at " + options.brokers + " in time");
  pollfd readable{wake.get(), POLLIN, 0};
  ::poll(&readable, 1, static_cast<int>(std::min(left, look_again).count()));
  wake.clear();
}

// Reads on from where it was begun, blocking.
class Reader {
 public:
  Reader(const KafkaOptions& options, std::int64_t offset, milliseconds timeout)
      : options_(options), deadline_(Clock::now() + timeout), consumer_(options, wake_) {
    consumer_.begin(offset);
  }

  // Null at the end of the log.
  const KafkaMessage* next() {
    for (;;) {
      const KafkaMessage* message = consumer_.next();
      if (!message) {
        wait(*wake_, deadline_, options_);
      } else if (message->kind == KafkaMessage::Kind::error) {
        throw KafkaError(KafkaError::Kind::away,
                         "the topic " + options_.topic + " cannot be read: " + std::string(message->text));
      } else {
        return message->kind == KafkaMessage::Kind::end ? nullptr : message;
      }
    }
  }

 private:
  const KafkaOptions& options_;
  const Clock::time_point deadline_;
  std::shared_ptr<EventFd> wake_ = std::make_shared<EventFd>();
  KafkaConsumer consumer_;
};

LogTime log_time(const KafkaMessage& message) { return LogTime(milliseconds(message.timestamp)); }

// `first`: of the topic's own beginning; the log's name is then the nonce of the first open record.
void learn_log_id(const DecodedRecord& record, bool first, std::optional<LogId>& id) {
  if (const auto* ours = std::get_if<StampedCommand>(&record)) {
    id = ours->stamp.log_id;
  } else if (const auto* open = std::get_if<OpenRecord>(&record)) {
    if (open->log_id) {
      id = open->log_id;
    } else if (first && !id) {
      id = LogId{open->nonce};
    }
  }
}

void await_report(KafkaProducer& producer, const EventFd& wake, Clock::time_point deadline,
                  const KafkaOptions& options) {
  ProducerNews news;
  for (;;) {
    while (producer.take(news)) {
    }
    if (!news.reports.empty()) break;
    wait(wake, deadline, options);
  }
  if (!news.reports.front().ok)
    throw KafkaError(KafkaError::Kind::refused, "cannot write to the topic " + options.topic + ": " + news.error);
}

}  // namespace

std::optional<LogId> find_log_id(const KafkaOptions& options, const TopicDescription& topic, milliseconds timeout) {
  std::optional<LogId> id;
  for (std::int64_t count : records_looked_at) {
    std::int64_t from = std::max(topic.begin, topic.end - count);
    if (id || from >= topic.end) break;
    Reader reader(options, from, timeout);
    while (const KafkaMessage* message = reader.next()) {
      learn_log_id(decode_record(message->record, options.max_command_bytes), from == 0, id);
      if (message->offset + 1 >= topic.end) break;
    }
  }
  return id;
}

std::optional<LogTime> newest_log_time(const KafkaOptions& options, const TopicDescription& topic,
                                       milliseconds timeout) {
  if (topic.begin == topic.end) return {};
  Reader reader(options, topic.end - 1, timeout);
  const KafkaMessage* message = reader.next();
  if (!message) return {};
  return log_time(*message);
}

std::optional<KafkaProbe> probe_topic(const KafkaOptions& options, const TopicDescription& topic,
                                      milliseconds timeout) {
  auto log_id = find_log_id(options, topic, timeout);
  if (!log_id) return {};
  auto deadline = Clock::now() + timeout;
  std::string name = "doctor-" + std::to_string(std::random_device{}());
  Reader reader(options, topic.end, timeout);
  auto wake = std::make_shared<EventFd>();
  KafkaProducer producer(options, topic.max_message_bytes(), wake);
  Command nothing;
  nothing.kind = Command::Kind::barrier;
  std::string header;
  auto record = encode_command(nothing, {*log_id, name, Revision{1}, 1}, header);
  KafkaProbe probe;
  probe.sent = std::chrono::system_clock::now();
  std::string why;
  if (!record || producer.produce(*record, 0, why) != KafkaProducer::Result::taken)
    throw KafkaError(KafkaError::Kind::refused, "cannot write to the topic " + options.topic + ": " + why);
  await_report(producer, *wake, deadline, options);
  for (;;) {
    const KafkaMessage* message = reader.next();
    if (!message) continue;  // the end as it was before the record came
    auto decoded = decode_record(message->record, options.max_command_bytes);
    const auto* ours = std::get_if<StampedCommand>(&decoded);
    if (!ours || ours->stamp.instance != name) continue;
    probe.received = std::chrono::system_clock::now();
    probe.offset = message->offset;
    probe.broker_time = log_time(*message);
    return probe;
  }
}

}  // namespace kvs
