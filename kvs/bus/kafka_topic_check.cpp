// What a topic must be like. The settings that kvs creates a topic with, and those it insists on, stand in one table.
#include <algorithm>
#include <array>

#include "kvs/bus/kafka_topic.hpp"
#include "kvs/bus/kafka_topic_rules.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;

constexpr std::string_view size_setting = "max.message.bytes";
constexpr std::string_view remark = "    # ";  // behind a command

// Makes the findings, one after the other.
class Check {
 public:
  // `brokers`: how many the cluster has.
  Check(const TopicDescription& topic, const KafkaOptions& options, std::size_t brokers)
      : topic_(topic), options_(options), brokers_(brokers) {}

  std::vector<Finding> run() {
    if (!topic_.exists) {
      add(Level::fail, "topic", "there is no topic " + options_.topic, create_command(options_));
      return std::move(findings_);
    }
    add(Level::ok, "topic", options_.topic + " is there");
    partitions();
    replication();
    if (topic_.settings.empty()) {
      add(Level::warn, "settings", "cannot be read, so that nothing is known about them: " + topic_.settings_error,
          "let this user describe the topic's configuration (ACL: DescribeConfigs on topic " + options_.topic + ")");
      return std::move(findings_);
    }
    for (const TopicRule& rule : topic_rules) setting(rule);
    message_size();
    return std::move(findings_);
  }

 private:
  void add(Level level, std::string_view name, std::string words, std::string repair = {}) {
    findings_.push_back({level, std::string(name), std::move(words), std::move(repair)});
  }

  void partitions() {
    if (topic_.partitions == 1) return add(Level::ok, "partitions", "one");
    add(Level::fail, "partitions",
        std::to_string(topic_.partitions) +
            " of them, and only within one is there an order; the number cannot be "
            "lowered",
        create_command(options_, options_.topic + "-2") + std::string(remark) + "another topic");
  }

  // A write is acknowledged when this many brokers have it.
  void replication() {
    if (topic_.settings.empty()) return copies();  // how many a write waits for is not known
    int needed = static_cast<int>(topic_.number("min.insync.replicas").value_or(1));
    std::string now = std::to_string(topic_.replicas) + (topic_.replicas == 1 ? " copy" : " copies") +
                      ", a write is acknowledged when " + std::to_string(needed) + (needed == 1 ? " has" : " have") +
                      " it";
    if (needed > topic_.replicas) {
      add(Level::fail, "replication", now + ": no write can ever succeed",
          alter_command(options_, "min.insync.replicas=" + std::to_string(std::max(1, topic_.replicas - 1))));
    } else if (brokers_ >= 3 && topic_.replicas < 2) {
      add(Level::fail, "replication", now + ": with that broker's disk everything is lost", more_replicas());
    } else if (brokers_ >= 3 && needed < 2) {
      add(Level::fail, "replication", now + ": what only one has is lost with it",
          alter_command(options_, "min.insync.replicas=2"));
    } else if (needed < 2) {
      add(Level::warn, "replication", now + ": fine for trying out; production wants three brokers");
    } else if (needed == topic_.replicas) {
      add(Level::warn, "replication", now + ": no broker may be away", brokers_ >= 3 ? more_replicas() : "");
    } else {
      add(Level::ok, "replication", now);
    }
    in_sync(needed);
  }

  void copies() {
    bool one = topic_.replicas < 2;
    std::string now = std::to_string(topic_.replicas) + (one ? " copy" : " copies");
    if (one && brokers_ >= 3) {
      add(Level::fail, "replication", now + ": with that broker's disk everything is lost", more_replicas());
    } else {
      add(one ? Level::warn : Level::ok, "replication", now);
    }
    in_sync(1);
  }

  void in_sync(int needed) {
    if (!topic_.leader) return add(Level::warn, "in sync", "no broker leads the partition now: nothing can be written");
    bool enough = topic_.in_sync >= needed;
    add(enough ? Level::ok : Level::warn, "in sync",
        std::to_string(topic_.in_sync) + " of " + std::to_string(topic_.replicas) +
            (enough ? "" : ": too few, nothing can be written until more are back"));
  }

  std::string more_replicas() const {
    std::vector<std::int32_t> ids;
    if (topic_.leader) ids.push_back(*topic_.leader);
    for (const KafkaBroker& broker : topic_.brokers)
      if (ids.size() < wanted_replicas && broker.id != topic_.leader) ids.push_back(broker.id);
    std::string list;
    for (std::int32_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
    return "echo '{\"version\":1,\"partitions\":[{\"topic\":\"" + options_.topic + "\",\"partition\":0,\"replicas\":[" +
           list + "]}]}' > replicas.json\n" + "kafka-reassign-partitions.sh --bootstrap-server " + options_.brokers +
           " --reassignment-json-file replicas.json --execute\n" + alter_command(options_, "min.insync.replicas=2");
  }

  void setting(const TopicRule& rule) {
    auto found = topic_.settings.find(rule.name);
    std::string value = found == topic_.settings.end() ? "unknown" : found->second;
    bool right = value == rule.value;
    add(right ? Level::ok : Level::fail, rule.name, right ? value : value + ": " + std::string(rule.danger),
        right ? "" : alter_command(options_, std::string(rule.name) + "=" + std::string(rule.value)));
  }

  void message_size() {
    std::size_t least = least_topic_bytes(options_);
    std::size_t has = topic_.max_message_bytes();
    if (has >= least) return add(Level::ok, size_setting, std::to_string(has));
    add(Level::fail, size_setting,
        std::to_string(has) + ": the largest value taken needs " + std::to_string(least) +
            " (or lower --max-value-size)",
        alter_command(options_, "max.message.bytes=" + std::to_string(created_topic_bytes(options_))));
  }

  const TopicDescription& topic_;
  const KafkaOptions& options_;
  const std::size_t brokers_;
  std::vector<Finding> findings_;
};

// Fit to be pasted into a shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:,[]=/";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string create_command(const KafkaOptions& options, const std::string& topic) {
  return "kvs topic create --kafka-brokers " + quoted(options.brokers) + " --kafka-topic " +
         quoted(topic.empty() ? options.topic : topic);
}

std::string alter_command(const KafkaOptions& options, const std::string& settings) {
  return "kafka-configs.sh --bootstrap-server " + quoted(options.brokers) + " --alter --entity-type topics" +
         " --entity-name " + quoted(options.topic) + " --add-config " + settings;
}

std::size_t created_topic_bytes(const KafkaOptions& options) {
  constexpr std::size_t usual = std::size_t{8} << 20;  // larger values later need no change of the topic
  return std::max(usual, least_topic_bytes(options));
}

std::optional<std::int64_t> TopicDescription::number(std::string_view setting) const {
  auto found = settings.find(setting);
  if (found == settings.end()) return {};
  std::string_view text = found->second;
  bool negative = text.starts_with('-');
  auto value = parse_number(negative ? text.substr(1) : text, INT64_MAX);
  if (!value) return {};
  auto magnitude = static_cast<std::int64_t>(*value);
  return negative ? -magnitude : magnitude;
}

std::size_t TopicDescription::max_message_bytes() const {
  constexpr std::int64_t kafkas_default = 1'048'588;
  return static_cast<std::size_t>(std::max<std::int64_t>(0, number("max.message.bytes").value_or(kafkas_default)));
}

std::vector<Finding> check_topic(const TopicDescription& topic, const KafkaOptions& options) {
  return Check(topic, options, topic.brokers.size()).run();
}

bool is_impossible(const TopicDescription& topic) {
  auto policy = topic.settings.find("cleanup.policy");
  return policy != topic.settings.end() && policy->second.find("compact") != std::string::npos;
}

bool any_failed(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& one) { return one.level == Level::fail; });
}

std::string topic_danger(const TopicDescription& topic, const KafkaOptions& options, std::size_t brokers) {
  if (options.allow_unsafe_topic && !is_impossible(topic)) return {};
  std::string found, repair;
  for (const Finding& one : Check(topic, options, brokers).run()) {
    if (one.level != Level::fail || one.name == size_setting) continue;
    found += (found.empty() ? "" : "; ") + one.name + ": " + one.words;
    repair += (repair.empty() ? "" : " && ") + one.repair.substr(0, one.repair.find(remark));
  }
  std::ranges::replace(repair, '\n', ';');
  if (found.empty()) return {};
  return "the topic " + options.topic + " is not safe to keep data in (" + found + "): repair it by " + repair;
}

std::string topic_refusal(const TopicDescription& topic, const KafkaOptions& options) {
  std::string text = "the topic " + options.topic + " is not safe to keep data in:";
  for (const Finding& one : check_topic(topic, options)) {
    if (one.level != Level::fail) continue;
    text += "\n  " + one.name + ": " + one.words;
    std::string_view rest = one.repair;
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find('\n'), rest.size());
      text += "\n    " + std::string(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return is_impossible(topic) ? text : text + "\n(--allow-unsafe-topic goes on all the same)";
}

}  // namespace kvs
