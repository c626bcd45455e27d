// The topic that holds the order: looked at, judged, made, trimmed. All calls block, each at most about `timeout`;
// so they belong on a worker thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/bus/kafka_config.hpp"

namespace kvs {

// Kafka does not answer, or says no. what() is for people and names the brokers or the topic.
class KafkaError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    away,      // no broker answers, or not in time: trying again may help
    refused,   // not allowed to, or not possible: trying again does not help
    no_topic,  // there is no such topic
  };
  KafkaError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

struct KafkaBroker {
  std::int32_t id;
  std::string host;
  int port;
};

// What a cluster says about the topic.
struct TopicDescription {
  std::string cluster_id;
  std::vector<KafkaBroker> brokers;  // those that are up, by id
  bool exists = false;               // if not, nothing below means anything
  int partitions = 0;
  int replicas = 0;  // of partition 0, as all that follows
  int in_sync = 0;   // of them
  std::optional<std::int32_t> leader;
  // Without a leader these are not known, and 0.
  std::int64_t begin = 0;  // the oldest offset that is there
  std::int64_t end = 0;    // the next offset to be written
  std::map<std::string, std::string, std::less<>>
      settings;                // every setting of the topic; empty if they may not be read
  std::string settings_error;  // why

  // nullopt if it is not known, or no number.
  std::optional<std::int64_t> number(std::string_view setting) const;
  // "max.message.bytes", Kafka's own default if it is not known.
  std::size_t max_message_bytes() const;
};

// One thing that was looked at.
struct Finding {
  enum class Level : std::uint8_t { ok, warn, fail };
  Level level = Level::ok;
  std::string name;    // of the thing: "retention.ms", "replication"
  std::string words;   // what was found, and what it means
  std::string repair;  // a command, perhaps of several lines; empty if there is nothing to repair
};

// What the topic must be so that no acknowledged write is lost. Every thing looked at is there, also those that are
// well. Needs nothing but its arguments.
std::vector<Finding> check_topic(const TopicDescription& topic, const KafkaOptions& options);
// Whether kvs could not work with the topic at all, whatever risk one is ready to take: a broker refuses records
// without a key in a compacted topic, and kvs writes such.
bool is_impossible(const TopicDescription& topic);
bool any_failed(const std::vector<Finding>& findings);
// What may lose or disorder what is written, with the repairs, as a sentence; empty if nothing does, or if it is
// allowed. That too large a record is refused is no such thing: it is known before it is written, and others are taken.
// `brokers`: how many the cluster has, which may be more than are up.
std::string topic_danger(const TopicDescription& topic, const KafkaOptions& options, std::size_t brokers);
// Those that failed, with their repairs, as the reason for not starting.
std::string topic_refusal(const TopicDescription& topic, const KafkaOptions& options);

class KafkaTopic {
 public:
  using Timeout = std::chrono::milliseconds;

  // Connects in the background. Throws KafkaConfigError.
  explicit KafkaTopic(const KafkaOptions& options);
  // Blocks for a moment, also when the brokers are frozen.
  ~KafkaTopic();
  KafkaTopic(const KafkaTopic&) = delete;
  KafkaTopic& operator=(const KafkaTopic&) = delete;

  // All of these throw KafkaError.

  // Brokers, partition and replicas, without settings and offsets: what the first broker to be reached knows.
  TopicDescription find(Timeout timeout);
  // All of it. A topic that is not there is an answer as well (`exists`).
  TopicDescription describe(Timeout timeout);
  // Makes the topic as check_topic() wants it, as safe as the brokers that are up allow, and waits until it has a
  // leader. False if somebody else has made it already.
  bool create(Timeout timeout);
  // What a start does: describes; makes the topic if it is missing and options.create_topic allows; throws BusBroken,
  // with the repair, if the topic is missing or unsafe and that is not allowed, or impossible.
  TopicDescription prepare(Timeout timeout);
  // Deletes the records below `offset` for good, for everybody. Returns the oldest offset that is there now.
  std::int64_t trim(std::int64_t offset, Timeout timeout);

 private:
  struct Client;
  const KafkaOptions options_;
  std::unique_ptr<Client> client_;
};

}  // namespace kvs
