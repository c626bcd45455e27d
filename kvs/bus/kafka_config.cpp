#include "kvs/bus/kafka_config.hpp"

#include <librdkafka/rdkafka.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <span>
#include <system_error>

#include "kvs/log.hpp"
#include "kvs/suggest.hpp"

namespace kvs {
namespace {

// A batch holds one record at least, and a header of 61 bytes; the rest is a reserve.
constexpr std::size_t batch_header = 1024;

using Roles = unsigned;
constexpr Roles only(KafkaRole role) { return 1U << static_cast<unsigned>(role); }
constexpr Roles producing = only(KafkaRole::producer);
constexpr Roles consuming = only(KafkaRole::consumer);
constexpr Roles every_role = producing | consuming | only(KafkaRole::admin);

// What kvs sets. With a reason: nobody else may; without: a default.
struct Own {
  Roles roles;
  std::string_view name;
  std::string_view value;
  std::string_view reason;
};

constexpr std::string_view one_position = "no group is joined and nothing committed: the position is in the journal";

constexpr std::array own{
    Own{every_role, "reconnect.backoff.max.ms", "1000", {}},  // a broker that is back is found within a second
    Own{every_role, "socket.keepalive.enable", "true", {}},
    Own{every_role, "log.connection.close", "false", {}},  // brokers close what is idle
    Own{every_role, "log.thread.name", "false", {}},
    Own{every_role, "allow.auto.create.topics", "false", "a topic that was deleted must not come back empty"},

    Own{producing, "enable.idempotence", "true", "a write that is sent again must not stand in the topic twice"},
    Own{producing, "acks", "all", "an acknowledged write must not hang on one broker"},
    Own{producing, "message.timeout.ms", "120000", "requests have a deadline of their own"},
    Own{producing, "linger.ms", "0", {}},  // it batches by itself while a request is on its way

    Own{consuming, "auto.offset.reset", "error", "records must never be jumped over"},
    Own{consuming, "check.crcs", "true", "a damaged record must be noticed"},
    Own{consuming, "isolation.level", "read_uncommitted", "kvs writes without Kafka's transactions"},
    Own{consuming, "enable.partition.eof", "true", "it tells when everything has been read"},
    Own{consuming, "enable.auto.commit", "false", one_position},
    Own{consuming, "enable.auto.offset.store", "false", one_position},
    Own{consuming, "fetch.wait.max.ms", "100", {}},  // more delays the word that everything was read
    Own{consuming, "fetch.min.bytes", "1", {}},
    // When so many records wait, the library fetches none for a whole second (2.0.2; since 2.2 that can be set). The
    // default, 100,000, is read in a quarter of that. Their bytes have a limit of their own: 64 MiB.
    Own{consuming, "queued.min.messages", "400000", {}},
};

// What kvs does not set here, but nobody else may either.
struct Refused {
  std::string_view name;
  std::string_view reason;
};

constexpr std::string_view named_elsewhere = "the brokers are named with --kafka-brokers";
constexpr std::string_view from_topic = "it follows from the topic's max.message.bytes";
constexpr std::string_view tries_on = "a write is sent again until its outcome is known";

constexpr std::array refused{
    Refused{"bootstrap.servers", named_elsewhere},
    Refused{"metadata.broker.list", named_elsewhere},
    Refused{"message.max.bytes", from_topic},
    Refused{"batch.size", from_topic},
    Refused{"retries", tries_on},
    Refused{"message.send.max.retries", tries_on},
    Refused{"transactional.id", "kvs writes without Kafka's transactions"},
    Refused{"delivery.report.only.error", "kvs waits for every report"},
    Refused{"enabled_events", "kvs chooses the events it takes"},
    Refused{"log.queue", "kvs takes the log lines itself"},
    // Other names of settings above.
    Refused{"request.required.acks", "an acknowledged write must not hang on one broker"},
    Refused{"delivery.timeout.ms", "requests have a deadline of their own"},
    Refused{"auto.commit.interval.ms", one_position},
    Refused{"offset.store.method", one_position},
    Refused{"auto.commit.enable", one_position},
    Refused{"group.id", one_position},
    Refused{"group.instance.id", one_position},
};

// Empty if the setting is the user's to make.
std::string_view refusal(std::string_view name) {
  for (const Own& one : own)
    if (one.name == name) return one.reason;
  for (const Refused& one : refused)
    if (one.name == name) return one.reason;
  return {};
}

// Which clients know a setting: "C", "P", "*", of global and topic settings together. The library's own table is the
// only place that says so; a setting of the other kind of client would be warned about at every start.
std::map<std::string, Roles, std::less<>> read_property_table() {
  std::map<std::string, Roles, std::less<>> found;
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  if (!stream) throw std::bad_alloc();
  rd_kafka_conf_properties_show(stream);
  std::fclose(stream);
  std::string_view rest(text, size);
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::size_t bar = line.find('|');
    std::size_t end = line.find(' ');
    if (bar == std::string_view::npos || end == 0 || end > bar || line.starts_with("Property")) continue;
    std::string_view scope = line.substr(bar + 1, line.find('|', bar + 1) - bar - 1);
    Roles roles = 0;
    if (scope.find('*') != std::string_view::npos) roles = every_role;
    if (scope.find('C') != std::string_view::npos) roles |= consuming;
    if (scope.find('P') != std::string_view::npos) roles |= producing;
    if (roles != 0) found[std::string(line.substr(0, end))] |= roles;
  }
  std::free(text);
  return found;
}

const std::map<std::string, Roles, std::less<>>& property_table() {
  static const auto table = read_property_table();
  return table;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

KafkaConfigError wrong(const KafkaSetting& setting, const std::string& why) {
  std::string where = setting.where.empty() ? "" : setting.where + ": ";
  return KafkaConfigError(where + setting.name + ": " + why);
}

KafkaConfigError unknown(const KafkaSetting& setting) {
  std::vector<std::string_view> names;
  for (const auto& [name, roles] : property_table()) names.push_back(name);
  std::string_view near = closest(setting.name, names);
  return wrong(setting, "librdkafka " + std::string(rd_kafka_version_str()) + " has no such setting" +
                            (near.empty() ? "" : ": did you mean " + std::string(near) + "?"));
}

void apply(rd_kafka_conf_t* conf, const KafkaSetting& setting) {
  char why[512] = {};
  auto done = rd_kafka_conf_set(conf, setting.name.c_str(), setting.value.c_str(), why, sizeof why);
  if (done == RD_KAFKA_CONF_UNKNOWN) throw unknown(setting);
  if (done != RD_KAFKA_CONF_OK)
    throw wrong(setting, is_kafka_secret(setting.name) ? "is not taken" : std::string(trimmed(why)));
}

}  // namespace

std::size_t largest_kafka_message(const KafkaOptions& options, std::size_t topic_bytes) {
  constexpr std::size_t least = 1000;  // librdkafka's own bounds
  constexpr std::size_t most = 1'000'000'000;
  std::size_t allowed = topic_bytes == 0 ? least_topic_bytes(options) : topic_bytes;
  return std::clamp(allowed - std::min(allowed, batch_header), least, most);
}

namespace {

// All that is set, in the order in which it is applied: what comes later wins.
std::vector<KafkaSetting> settings_of(const KafkaOptions& options, KafkaRole role, std::size_t topic_bytes) {
  constexpr std::size_t batch = 1'000'000;                // librdkafka's default
  constexpr std::size_t waiting = std::size_t{64} << 20;  // its default is 1 GiB
  std::vector<KafkaSetting> all{{"bootstrap.servers", options.brokers, "--kafka-brokers"}};
  all.push_back({"client.id", options.instance.empty() ? "kvs" : "kvs-" + options.instance, {}});
  std::size_t largest = largest_kafka_message(options, topic_bytes);
  all.push_back({"message.max.bytes", std::to_string(largest), {}});
  if (role == KafkaRole::producer) {
    all.push_back({"batch.size", std::to_string(std::min(batch, largest)), {}});
    std::size_t queue = std::max(waiting, 2 * largest);
    all.push_back({"queue.buffering.max.kbytes", std::to_string(queue / 1024), {}});
  }
  for (const Own& one : own)
    if ((one.roles & only(role)) != 0) all.push_back({std::string(one.name), std::string(one.value), {}});
  for (const KafkaSetting& setting : options.extra) {
    auto known = property_table().find(setting.name);
    if (known == property_table().end()) throw unknown(setting);
    if ((known->second & only(role)) != 0) all.push_back(setting);
  }
  return all;
}

log::Level level_of(int syslog_level) {
  constexpr int warning = 4;  // what is worse than a warning for the library is a broker that is away
  constexpr int info = 6;
  if (syslog_level <= warning) return log::Level::warn;
  return syslog_level <= info ? log::Level::info : log::Level::debug;
}

void write_log(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const char* name = client ? rd_kafka_name(client) : "";
  log::write(level_of(level), "kafka client", {{"client", name}, {"about", facility}, {"text", text}});
}

void refuse_open_secrets(const std::filesystem::path& file, const std::vector<KafkaSetting>& settings) {
  struct stat about{};
  bool secrets = std::ranges::any_of(settings, [](const KafkaSetting& one) { return is_kafka_secret(one.name); });
  if (!secrets || ::stat(file.c_str(), &about) != 0 || (about.st_mode & S_IROTH) == 0) return;
  throw KafkaConfigError(file.string() + " holds secrets and everybody may read it: chmod o-rwx " + file.string());
}

std::string shown(const rd_kafka_conf_t* conf, const KafkaSetting& setting) {
  if (is_kafka_secret(setting.name)) return "(hidden)";
  std::size_t size = 0;
  if (rd_kafka_conf_get(conf, setting.name.c_str(), nullptr, &size) != RD_KAFKA_CONF_OK) return setting.value;
  std::string value(size, '\0');
  rd_kafka_conf_get(conf, setting.name.c_str(), value.data(), &size);
  value.resize(value.find('\0') == std::string::npos ? value.size() : value.find('\0'));
  return value;
}

std::string role_text(const KafkaOptions& options, KafkaRole role, std::string_view name) {
  KafkaConf conf = kafka_config(options, role);
  std::map<std::string, KafkaSetting> newest;
  for (KafkaSetting& setting : settings_of(options, role, 0)) newest[setting.name] = setting;
  std::string text = "[" + std::string(name) + "]\n";
  for (const auto& [key, setting] : newest) {
    text += key + "=" + shown(conf.get(), setting);
    if (!setting.where.empty()) text += "    # " + setting.where;
    if (!refusal(key).empty() && setting.where.empty()) text += "    # fixed: " + std::string(refusal(key));
    text += "\n";
  }
  return text;
}

}  // namespace

void KafkaConfDestroyer::operator()(rd_kafka_conf_s* conf) const noexcept { rd_kafka_conf_destroy(conf); }

std::size_t least_topic_bytes(const KafkaOptions& options) { return options.max_command_bytes + 2 * batch_header; }

bool is_kafka_secret(std::string_view name) {
  constexpr std::array<std::string_view, 3> whole{"ssl.key.pem", "sasl.oauthbearer.config", "sasl.jaas.config"};
  return name.find("password") != std::string_view::npos || name.find("secret") != std::string_view::npos ||
         std::ranges::find(whole, name) != whole.end();
}

KafkaSetting parse_kafka_setting(std::string_view text, const std::string& where) {
  std::size_t equals = text.find('=');
  std::string_view name = trimmed(text.substr(0, equals));
  if (equals == std::string_view::npos || name.empty())
    throw KafkaConfigError(where + ": a setting of librdkafka is written name=value");
  return {std::string(name), std::string(trimmed(text.substr(equals + 1))), where};
}

std::vector<KafkaSetting> read_kafka_config_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    throw KafkaConfigError("cannot read " + file.string() + ": it is a directory");
  std::ifstream input(file);
  if (!input) throw KafkaConfigError("cannot read " + file.string() + ": " + std::generic_category().message(errno));
  std::vector<KafkaSetting> settings;
  std::size_t number = 0;
  for (std::string raw; std::getline(input, raw);) {
    std::string where = file.string() + ":" + std::to_string(++number);
    std::string_view line = trimmed(raw);
    if (!line.empty() && line.front() != '#') settings.push_back(parse_kafka_setting(line, where));
  }
  if (input.bad()) throw KafkaConfigError("cannot read " + file.string());
  refuse_open_secrets(file, settings);
  return settings;
}

void check_kafka_config(const KafkaOptions& options) {
  if (options.brokers.empty()) throw KafkaConfigError("no Kafka brokers: name them with --kafka-brokers HOST:PORT,...");
  if (options.max_command_bytes > max_kafka_command_bytes)
    throw KafkaConfigError("values of this size cannot be carried by Kafka: at most " +
                           std::to_string(max_kafka_command_bytes - KafkaOptions::command_overhead) + " bytes");
  for (const KafkaSetting& setting : options.extra) {
    std::string_view reason = refusal(setting.name);
    if (!reason.empty()) throw wrong(setting, "this is not to be set: " + std::string(reason));
  }
  for (auto role : {KafkaRole::producer, KafkaRole::consumer, KafkaRole::admin}) kafka_config(options, role);
}

void check_kafka_clients(const KafkaOptions& options) {
  for (auto role : {KafkaRole::producer, KafkaRole::consumer}) {
    KafkaConf conf = kafka_config(options, role);
    char why[512] = {};
    auto type = role == KafkaRole::consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
    rd_kafka_t* client = rd_kafka_new(type, conf.get(), why, sizeof why);
    if (!client) throw KafkaConfigError("the settings for Kafka do not go together: " + std::string(why));
    conf.release();  // NOLINT(bugprone-unused-return-value): the client has it now
    rd_kafka_destroy(client);
  }
}

KafkaConf kafka_config(const KafkaOptions& options, KafkaRole role, std::size_t topic_bytes) {
  KafkaConf conf(rd_kafka_conf_new());
  for (const KafkaSetting& setting : settings_of(options, role, topic_bytes)) apply(conf.get(), setting);
  rd_kafka_conf_set_log_cb(conf.get(), write_log);
  return conf;
}

std::string kafka_config_text(const KafkaOptions& options) {
  std::string text = "# Everything else is the default of librdkafka " + std::string(rd_kafka_version_str()) +
                     ". message.max.bytes and batch.size\n# follow from the topic once it is known.\n";
  text += role_text(options, KafkaRole::producer, "producer") + "\n";
  text += role_text(options, KafkaRole::consumer, "consumer") + "\n";
  return text + role_text(options, KafkaRole::admin, "administration");
}

}  // namespace kvs
