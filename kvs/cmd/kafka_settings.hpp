// What the flags, the environment and the config file say of Kafka.
#pragma once
#include <chrono>

#include "kvs/bus/kafka_config.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

// Parsed and checked, but for the instance's name, which stays empty; reads --kafka-config-file and reaches for nothing
// else. Throws UsageError.
KafkaOptions kafka_options(const Settings& settings);

// How long a command waits for Kafka: --timeout if it was given, else longer than for a server of ours.
std::chrono::milliseconds kafka_timeout(const Settings& settings);

}  // namespace kvs
