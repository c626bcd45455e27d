#include "kvs/cmd/kafka_settings.hpp"

#include <algorithm>
#include <cctype>

namespace kvs {
namespace {

std::string topic(const Settings& settings) {
  constexpr std::size_t longest = 249;
  auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; };
  std::string name = settings.text("kafka-topic");
  if (name.empty() || name.size() > longest || name == "." || name == ".." || !std::ranges::all_of(name, allowed))
    throw settings.wrong("kafka-topic", "takes 1 to 249 letters, digits, dots, dashes and underscores");
  return name;
}

// Everybody on the machine sees the flags and, often, the environment of a process.
void refuse_secret(const Settings& settings, const KafkaSetting& setting) {
  if (settings.source("kafka-config") == Source::file || !is_kafka_secret(setting.name)) return;
  UsageError wrong = settings.wrong("kafka-config", setting.name + " is a secret, and others could see it here");
  throw UsageError(wrong.what(), "put it into a file of your own (chmod 600) and give --kafka-config-file FILE");
}

std::vector<KafkaSetting> extra(const Settings& settings) {
  std::vector<KafkaSetting> all;
  if (settings.given("kafka-config-file")) all = read_kafka_config_file(settings.text("kafka-config-file"));
  for (const std::string& text : settings.list("kafka-config")) {
    KafkaSetting setting = parse_kafka_setting(text, settings.place("kafka-config"));
    refuse_secret(settings, setting);
    all.push_back(std::move(setting));
  }
  return all;
}

}  // namespace

KafkaOptions kafka_options(const Settings& settings) {
  KafkaOptions options;
  options.brokers = settings.text("kafka-brokers");
  if (options.brokers.empty())
    throw UsageError("which Kafka brokers? give --kafka-brokers HOST:PORT,... (or KVS_KAFKA_BROKERS)");
  options.topic = topic(settings);
  options.create_topic = settings.text("kafka-create-topic") == "never" ? CreateTopic::never : CreateTopic::automatic;
  options.foreign = settings.text("kafka-foreign") == "ignore" ? ForeignRecords::ignore : ForeignRecords::accept;
  options.allow_unsafe_topic = settings.on("allow-unsafe-topic");
  options.max_command_bytes = settings.size("max-value-size") + KafkaOptions::command_overhead;
  if (options.max_command_bytes > max_kafka_command_bytes)
    throw settings.wrong(
        "max-value-size",
        "Kafka carries at most " + std::to_string(max_kafka_command_bytes - KafkaOptions::command_overhead) + " bytes");
  try {
    options.extra = extra(settings);
    check_kafka_config(options);
  } catch (const KafkaConfigError& error) {
    throw UsageError(error.what());
  }
  return options;
}

std::chrono::milliseconds kafka_timeout(const Settings& settings) {
  constexpr std::chrono::seconds usual{15};  // a connection to a far cluster, and a controller that takes its time
  return settings.given("timeout") ? settings.duration("timeout") : usual;
}

}  // namespace kvs
