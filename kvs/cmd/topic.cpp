// kvs topic create, check and describe.
#include <boost/json.hpp>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/findings.hpp"
#include "kvs/cmd/kafka_command.hpp"
#include "kvs/cmd/kafka_settings.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

json::object as_json(const TopicDescription& topic, const std::string& name) {
  json::array brokers;
  for (const KafkaBroker& one : topic.brokers)
    brokers.push_back({{"id", one.id}, {"host", one.host}, {"port", one.port}});
  json::object object{
      {"topic", name}, {"exists", topic.exists}, {"cluster_id", topic.cluster_id}, {"brokers", std::move(brokers)}};
  if (!topic.exists) return object;
  object["partitions"] = topic.partitions;
  object["replicas"] = topic.replicas;
  object["in_sync"] = topic.in_sync;
  object["leader"] = topic.leader ? json::value(*topic.leader) : json::value();
  object["begin"] = topic.begin;
  object["end"] = topic.end;
  json::object settings;
  for (const auto& [setting, value] : topic.settings) settings[setting] = value;
  object["settings"] = std::move(settings);
  return object;
}

std::string brokers_text(const TopicDescription& topic) {
  std::string text;
  for (const KafkaBroker& one : topic.brokers)
    text += (text.empty() ? "" : ", ") + std::to_string(one.id) + " " + one.host + ":" + std::to_string(one.port);
  return text;
}

// Of the settings those that matter here; all of them are in the JSON.
std::string as_table(const TopicDescription& topic, const KafkaOptions& options, std::size_t width) {
  std::vector<std::vector<std::string>> rows{{"topic", topic.exists ? options.topic : options.topic + " (not there)"},
                                             {"cluster", topic.cluster_id},
                                             {"brokers", brokers_text(topic)}};
  if (!topic.exists) return table(rows, width);
  rows.push_back({"partitions", std::to_string(topic.partitions)});
  rows.push_back({"copies", std::to_string(topic.replicas) + ", " + std::to_string(topic.in_sync) + " in sync"});
  rows.push_back({"leader", topic.leader ? std::to_string(*topic.leader) : "none"});
  rows.push_back({"offsets", std::to_string(topic.begin) + " to " + std::to_string(topic.end)});
  for (const Finding& one : check_topic(topic, options)) {
    auto setting = topic.settings.find(one.name);
    if (setting != topic.settings.end()) rows.push_back({one.name, setting->second});
  }
  if (auto setting = topic.settings.find("min.insync.replicas"); setting != topic.settings.end())
    rows.push_back({setting->first, setting->second});
  return table(rows, width);
}

}  // namespace

int topic_create(const Settings& settings) {
  return with_topic(settings, [&](KafkaTopic& topic, const KafkaOptions& options, Output& output) {
    bool made = topic.create(kafka_timeout(settings));
    std::vector<Finding> findings = check_topic(topic.describe(kafka_timeout(settings)), options);
    findings.front().words = options.topic + (made ? " is made" : " was there already");
    return show(output, findings);
  });
}

int topic_check(const Settings& settings) {
  return with_topic(settings, [&](KafkaTopic& topic, const KafkaOptions& options, Output& output) {
    return show(output, check_topic(topic.describe(kafka_timeout(settings)), options));
  });
}

int topic_describe(const Settings& settings) {
  return with_topic(settings, [&](KafkaTopic& topic, const KafkaOptions& options, Output& output) {
    TopicDescription found = topic.describe(kafka_timeout(settings));
    if (output.form() == Form::human || output.form() == Form::table) {
      output.write(as_table(found, options, output.width()));
    } else {
      output.write_json(json::serialize(as_json(found, options.topic)));
    }
    output.flush();
    return found.exists ? exit_code::ok : exit_code::other;
  });
}

}  // namespace kvs
