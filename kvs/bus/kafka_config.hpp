// The settings of the Kafka clients: what the user gave, together with what kvs needs and leaves to nobody.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/limits.hpp"

struct rd_kafka_conf_s;  // librdkafka's rd_kafka_conf_t; the library itself is seen in kvs/bus/*.cpp only

namespace kvs {

// A setting of librdkafka by its own name.
struct KafkaSetting {
  std::string name;
  std::string value;
  std::string where;  // "--kafka-config", "client.conf:3"; for messages
};

enum class CreateTopic : std::uint8_t { automatic, never };
enum class ForeignRecords : std::uint8_t { accept, ignore };

struct KafkaOptions {
  std::string brokers;  // HOST:PORT,HOST:PORT; not empty
  std::string topic = "kvs";
  std::string instance;                  // the name this instance writes under
  std::vector<KafkaSetting> extra = {};  // of two for one name the later one counts
  CreateTopic create_topic = CreateTopic::automatic;
  bool allow_unsafe_topic = false;
  ForeignRecords foreign = ForeignRecords::accept;
  // Key, value and everything kvs adds, of the largest record ever published.
  std::size_t max_command_bytes = default_max_value_size + command_overhead;

  // Room for a key, a content type and the headers kvs adds, conditions included.
  static constexpr std::size_t command_overhead = 64 * 1024;
};

// librdkafka cannot carry records above this size ("message.max.bytes").
inline constexpr std::size_t max_kafka_command_bytes = 900 * 1024 * 1024;

// What the topic's max.message.bytes must be at least.
std::size_t least_topic_bytes(const KafkaOptions& options);
// The largest record of a producer for a topic whose max.message.bytes is `topic_bytes` (0: not known): the broker
// refuses a whole batch that is larger, and with it innocent writes.
std::size_t largest_kafka_message(const KafkaOptions& options, std::size_t topic_bytes);

// A setting that is no setting, has a wrong value, or is not the user's to make; what() names where it came from.
class KafkaConfigError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// "name=value". Throws KafkaConfigError if it is none.
KafkaSetting parse_kafka_setting(std::string_view text, const std::string& where);
// A file as librdkafka's own programs read it: lines `name=value`, # begins a comment line. Throws KafkaConfigError,
// also for a file with secrets in it that everybody may read.
std::vector<KafkaSetting> read_kafka_config_file(const std::filesystem::path& file);
// Whether a setting holds a password or key: not to be shown, and not to be given on a command line.
bool is_kafka_secret(std::string_view name);

// Throws KafkaConfigError for the first of `extra` that cannot be, saying why; reaches for nothing.
void check_kafka_config(const KafkaOptions& options);
// Throws KafkaConfigError for settings that do not go together, or files they name that cannot be read. Makes clients
// and lets them go again, which may reach for brokers for a moment.
void check_kafka_clients(const KafkaOptions& options);

enum class KafkaRole : std::uint8_t { producer, consumer, admin };

struct KafkaConfDestroyer {
  void operator()(rd_kafka_conf_s* conf) const noexcept;
};
// To be released into rd_kafka_new() once that has succeeded.
using KafkaConf = std::unique_ptr<rd_kafka_conf_s, KafkaConfDestroyer>;

// What a client of ours is made with. Logs go to kvs' log; everything else that is a callback or an event is up to the
// caller. `topic_bytes` is the topic's max.message.bytes: no batch of the producer's is larger (0: not known, as for
// a client that never produces). Throws KafkaConfigError.
KafkaConf kafka_config(const KafkaOptions& options, KafkaRole role, std::size_t topic_bytes = 0);

// For people: every setting that is not librdkafka's default, by role, with who made it; secrets hidden.
std::string kafka_config_text(const KafkaOptions& options);

}  // namespace kvs
