#include "kvs/cmd/kafka_command.hpp"

#include "kvs/cmd/kafka_settings.hpp"
#include "kvs/log.hpp"

namespace kvs {

Failure failure_from(const KafkaError& error) {
  switch (error.kind()) {
    case KafkaError::Kind::away:
      return {exit_code::unreachable, error.what(), "kvs doctor --bus kafka looks closer"};
    case KafkaError::Kind::refused:
      return {exit_code::other, error.what()};
    case KafkaError::Kind::no_topic:
      return {exit_code::other, error.what(), "kvs topic create makes one"};
  }
  return {exit_code::other, error.what()};
}

void silence_kafka(const Settings& settings) {
  log::configure(settings.on("debug") ? log::Level::debug : log::Level::error, log::Format::human);
}

int with_topic(const Settings& settings, const TopicWork& work) {
  if (!settings.arguments().empty())
    throw UsageError("this command takes no arguments: '" + settings.arguments().front() + "'",
                     "the topic is named with --kafka-topic");
  KafkaOptions options = kafka_options(settings);
  silence_kafka(settings);
  Output output(settings);
  try {
    KafkaTopic topic(options);
    return work(topic, options, output);
  } catch (const KafkaError& error) {
    throw failure_from(error);
  } catch (const KafkaConfigError& error) {
    throw UsageError(error.what());
  }
}

}  // namespace kvs
