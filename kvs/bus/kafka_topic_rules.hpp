// The settings a topic must have, for who creates one and for who checks one.
#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "kvs/bus/kafka_config.hpp"

namespace kvs {

struct TopicRule {
  std::string_view name;
  std::string_view value;
  std::string_view danger;  // of any other value
};

inline constexpr std::array topic_rules{
    // A refused conditional write would be the newest record of its key, and compaction delete the accepted one.
    TopicRule{"cleanup.policy", "delete", "it throws away records that still count, and refuses those without a key"},
    TopicRule{"retention.ms", "-1", "records are deleted by age, also those an instance still needs"},
    TopicRule{"retention.bytes", "-1", "records are deleted by size, also those an instance still needs"},
    TopicRule{"unclean.leader.election.enable", "false",
              "acknowledged writes may be thrown away for a quicker restart"},
    TopicRule{"message.timestamp.type", "LogAppendTime", "instances would have to trust the clocks of all others"},
};

inline constexpr std::size_t wanted_replicas = 3;

// max.message.bytes of a topic that kvs creates.
std::size_t created_topic_bytes(const KafkaOptions& options);
// The command that makes such a topic; `topic`: by another name.
std::string create_command(const KafkaOptions& options, const std::string& topic = {});
// The command that changes `settings` (a=b,c=d) of the topic.
std::string alter_command(const KafkaOptions& options, const std::string& settings);

}  // namespace kvs
