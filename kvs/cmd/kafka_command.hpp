// What the commands about the topic have in common.
#pragma once
#include <functional>

#include "kvs/bus/kafka_topic.hpp"
#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

// Unreachable, not allowed, or neither.
Failure failure_from(const KafkaError& error);

// Keeps the clients' own log to themselves, unless --debug: what they have to say comes back as errors.
void silence_kafka(const Settings& settings);

// Runs `work` for a command that takes no arguments; what goes wrong with Kafka comes out as a Failure. Gives the exit
// code.
using TopicWork = std::function<int(KafkaTopic& topic, const KafkaOptions& options, Output& output)>;
int with_topic(const Settings& settings, const TopicWork& work);

}  // namespace kvs
