#include <cmath>
#include <iomanip>
#include <sstream>

#include "kvs/cmd/doctor.hpp"
#include "kvs/cmd/kafka_settings.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;
using std::chrono::milliseconds;

void add(Findings& findings, Level level, std::string name, std::string words, std::string repair = {}) {
  findings.push_back({level, std::move(name), std::move(words), std::move(repair)});
}

std::string brokers_text(const TopicDescription& topic) {
  std::string text;
  for (const KafkaBroker& one : topic.brokers)
    text += (text.empty() ? "" : ", ") + one.host + ":" + std::to_string(one.port);
  return text;
}

// The cluster names its brokers as it believes them to be reached; when that is wrong, the first contact succeeds and
// nothing after it.
bool look_at_brokers(KafkaTopic& topic, milliseconds timeout, TopicDescription& found, Findings& findings) {
  try {
    found = topic.find(timeout);
  } catch (const KafkaError& error) {
    bool away = error.kind() == KafkaError::Kind::away;
    add(findings, Level::fail, "brokers", error.what(),
        away ? "check --kafka-brokers, that Kafka runs, and that a firewall lets it through"
             : "check the security settings in --kafka-config and --kafka-config-file");
    return false;
  }
  add(findings, Level::ok, "brokers",
      std::to_string(found.brokers.size()) + " up: " + brokers_text(found) + " (cluster " + found.cluster_id + ")");
  if (!found.exists) return true;
  try {
    found = topic.describe(timeout);
  } catch (const KafkaError& error) {
    add(findings, Level::fail, "brokers", error.what(),
        "the cluster names itself " + brokers_text(found) +
            ": these must be reachable from here (advertised.listeners of the brokers)");
    return false;
  }
  return true;
}

void look_at_topic(const KafkaOptions& options, const TopicDescription& topic, Findings& findings) {
  std::vector<Finding> checked = check_topic(topic, options);
  if (!topic.exists && options.create_topic == CreateTopic::automatic) {
    checked.front().level = Level::ok;
    checked.front().words = options.topic + " is not there: the first instance makes it";
    checked.front().repair.clear();
  }
  for (Finding& one : checked) {
    if (one.name == "settings" || one.name == "topic") {
      findings.push_back(std::move(one));
    } else {
      one.name = "topic " + one.name;
      findings.push_back(std::move(one));
    }
  }
}

std::string seconds_text(milliseconds time) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << static_cast<double>(time.count()) / 1000 << " s";
  return text.str();
}

// Without writing there is no more to see than this: a record cannot be from the future. A clock that is behind is not.
void look_at_newest(const KafkaOptions& options, const TopicDescription& topic, milliseconds timeout,
                    Findings& findings) {
  constexpr milliseconds much{1000};
  auto newest = newest_log_time(options, topic, timeout);
  if (!newest) return add(findings, Level::ok, "clock", "not measured, there is no record yet");
  auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  if (*newest <= now + much)
    return add(findings, Level::ok, "clock",
               "not measured (kvs doctor --write measures it); all that is known is that the newest record is not from "
               "the future, it is " +
                   format_duration(std::max(now - *newest, milliseconds{0})) + " old");
  add(findings, Level::warn, "clock",
      "the newest record is " + format_duration(*newest - now) +
          " from the future: the broker's clock is ahead of this machine's, or was",
      "let NTP set the clocks of the brokers and of this machine (timedatectl set-ntp true)");
}

void look_at_clock(const KafkaOptions& options, const TopicDescription& topic, bool write, milliseconds timeout,
                   Findings& findings) {
  try {
    if (!write) return look_at_newest(options, topic, timeout, findings);
    auto probe = probe_topic(options, topic, timeout);
    if (!probe)
      return add(findings, Level::ok, "writing", "not tried: the first record of ours is to be an instance's");
    auto took = std::chrono::duration_cast<milliseconds>(probe->received - probe->sent);
    add(findings, Level::ok, "writing",
        "a record was written (offset " + std::to_string(probe->offset) + ") and read back within " +
            seconds_text(took) + ", connecting included");
    findings.push_back(judge_clock(*probe));
  } catch (const KafkaError& error) {
    add(findings, Level::fail, write ? "writing" : "reading", error.what(),
        "let this user read and write (ACLs: Read, Write and Describe on topic " + options.topic + ")");
  }
}

}  // namespace

// The broker stamped the record at some moment between its being sent and its being back.
Finding judge_clock(const KafkaProbe& probe) {
  constexpr milliseconds much{1000};
  auto broker = std::chrono::time_point_cast<milliseconds>(probe.broker_time);
  auto sent = std::chrono::time_point_cast<milliseconds>(probe.sent);
  auto received = std::chrono::time_point_cast<milliseconds>(probe.received) + milliseconds{1};
  if (broker >= sent && broker <= received)
    return {Level::ok,
            "clock",
            "this machine's and the broker's agree, as far as " + seconds_text(received - sent) + " can tell",
            {}};
  bool ahead = broker > received;
  milliseconds off = ahead ? broker - received : sent - broker;
  return {off > much ? Level::warn : Level::ok, "clock",
          "the broker's is at least " + seconds_text(off) + (ahead ? " ahead of" : " behind") + " this machine's",
          off > much ? "let NTP set the clocks of the brokers and of this machine (timedatectl set-ntp true)" : ""};
}

void look_at_kafka(const Settings& settings, const KafkaOptions& options, bool write, Findings& findings) {
  milliseconds timeout = kafka_timeout(settings);
  KafkaTopic topic(options);
  TopicDescription found;
  if (!look_at_brokers(topic, timeout, found, findings)) return;
  look_at_topic(options, found, findings);
  if (found.exists && found.leader) look_at_clock(options, found, write, timeout, findings);
}

}  // namespace kvs
