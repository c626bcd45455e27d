// What the records of a topic say about its history, for commands that look at one from outside. All calls block.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "kvs/bus/kafka_config.hpp"
#include "kvs/bus/kafka_topic.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// The log id of the history in the topic, by the newest record of ours that names it; instances write one every
// thousand records or so, and many of the newest records are looked at. None: nothing was found. Throws KafkaError.
std::optional<LogId> find_log_id(const KafkaOptions& options, const TopicDescription& topic,
                                 std::chrono::milliseconds timeout);

// Log time of the newest record; none: there is no record. Throws KafkaError.
std::optional<LogTime> newest_log_time(const KafkaOptions& options, const TopicDescription& topic,
                                       std::chrono::milliseconds timeout);

// A record written for nothing but to see it come back.
struct KafkaProbe {
  std::int64_t offset = 0;
  LogTime broker_time{};                                 // its log time
  std::chrono::system_clock::time_point sent, received;  // by the clock of this machine
};

// Writes a record that every instance ignores, because its writer never opened an epoch, and reads it back. None:
// nothing was written, since no history of ours is in the topic, and its first record is not to be this one. Throws
// KafkaError.
std::optional<KafkaProbe> probe_topic(const KafkaOptions& options, const TopicDescription& topic,
                                      std::chrono::milliseconds timeout);

}  // namespace kvs
