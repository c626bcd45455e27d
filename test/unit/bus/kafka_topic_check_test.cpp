#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "kvs/bus/kafka_topic.hpp"
#include "kvs/bus/kafka_topic_rules.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;

struct Fixture {
  KafkaOptions options;
  TopicDescription topic;

  // A topic as it should be, on three brokers.
  Fixture() {
    options.brokers = "k1:9092";
    topic.brokers = {{1, "k1", 9092}, {2, "k2", 9092}, {3, "k3", 9092}};
    topic.exists = true;
    topic.partitions = 1;
    topic.replicas = 3;
    topic.in_sync = 3;
    topic.leader = 2;
    topic.settings = {{"cleanup.policy", "delete"},
                      {"retention.ms", "-1"},
                      {"retention.bytes", "-1"},
                      {"unclean.leader.election.enable", "false"},
                      {"message.timestamp.type", "LogAppendTime"},
                      {"min.insync.replicas", "2"},
                      {"max.message.bytes", "8388608"}};
  }

  void brokers(std::size_t count) { topic.brokers.resize(count); }
  void copies(int replicas, int needed) {
    topic.replicas = topic.in_sync = replicas;
    topic.settings["min.insync.replicas"] = std::to_string(needed);
  }
  Finding found(std::string_view name) const {
    std::vector<Finding> all = check_topic(topic, options);
    auto one = std::ranges::find(all, name, &Finding::name);
    BOOST_REQUIRE(one != all.end());
    return *one;
  }
  Level level(std::string_view name) const { return found(name).level; }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kafka_topic_check, Fixture)

BOOST_AUTO_TEST_CASE(a_topic_as_it_should_be_has_nothing_to_complain_of) {
  for (const Finding& one : check_topic(topic, options)) {
    BOOST_TEST((one.level == Level::ok), one.name);
    BOOST_TEST(one.repair == "", one.name);
  }
}

BOOST_AUTO_TEST_CASE(a_missing_topic_is_made_by_a_command) {
  topic.exists = false;
  std::vector<Finding> all = check_topic(topic, options);
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST((all[0].level == Level::fail));
  BOOST_TEST(all[0].repair == "kvs topic create --kafka-brokers k1:9092 --kafka-topic kvs");
}

BOOST_AUTO_TEST_CASE(several_partitions_have_no_order) {
  topic.partitions = 3;
  BOOST_TEST((level("partitions") == Level::fail));
  BOOST_TEST(has(found("partitions").repair, "--kafka-topic kvs-2"));
}

BOOST_AUTO_TEST_CASE(every_rule_is_kept_and_its_repair_is_exact) {
  for (const TopicRule& rule : topic_rules) {
    TopicDescription sound = topic;
    topic.settings[std::string(rule.name)] = rule.value == "false" ? "true" : "compact,7";
    Finding one = found(rule.name);
    BOOST_TEST((one.level == Level::fail), rule.name);
    BOOST_TEST(one.repair ==
               "kafka-configs.sh --bootstrap-server k1:9092 --alter --entity-type topics --entity-name kvs"
               " --add-config " +
                   std::string(rule.name) + "=" + std::string(rule.value));
    topic = sound;
  }
}

BOOST_AUTO_TEST_CASE(a_setting_that_is_not_told_is_no_good_setting) {
  topic.settings.erase("retention.ms");
  BOOST_TEST((level("retention.ms") == Level::fail));
}

BOOST_AUTO_TEST_CASE(settings_that_may_not_be_read_are_a_warning) {
  topic.settings.clear();
  topic.settings_error = "not allowed";
  Finding one = found("settings");
  BOOST_TEST((one.level == Level::warn));
  BOOST_TEST(has(one.words, "not allowed"));
  BOOST_TEST(has(one.repair, "DescribeConfigs"));
}

BOOST_AUTO_TEST_CASE(the_topic_takes_the_largest_value) {
  topic.settings["max.message.bytes"] = std::to_string(least_topic_bytes(options));
  BOOST_TEST((level("max.message.bytes") == Level::ok));
  topic.settings["max.message.bytes"] = std::to_string(least_topic_bytes(options) - 1);
  BOOST_TEST((level("max.message.bytes") == Level::fail));
  BOOST_TEST(has(found("max.message.bytes").repair, "max.message.bytes=8388608"));
  options.max_command_bytes = std::size_t{20} << 20;
  BOOST_TEST(has(found("max.message.bytes").repair, "max.message.bytes=" + std::to_string(least_topic_bytes(options))));
}

BOOST_AUTO_TEST_CASE(an_acknowledged_write_is_on_two_of_three_brokers) {
  copies(3, 1);
  BOOST_TEST((level("replication") == Level::fail));
  BOOST_TEST(has(found("replication").repair, "min.insync.replicas=2"));
  copies(2, 1);
  BOOST_TEST((level("replication") == Level::fail));
  copies(1, 1);
  BOOST_TEST((level("replication") == Level::fail));
  BOOST_TEST(has(found("replication").repair, "\"replicas\":[2,1,3]"));
  BOOST_TEST(has(found("replication").repair, "kafka-reassign-partitions.sh --bootstrap-server k1:9092"));
}

BOOST_AUTO_TEST_CASE(copies_that_may_never_be_away_are_a_warning) {
  copies(2, 2);
  BOOST_TEST((level("replication") == Level::warn));
  copies(3, 3);
  BOOST_TEST((level("replication") == Level::warn));
}

BOOST_AUTO_TEST_CASE(more_acknowledgements_than_copies_can_never_come) {
  copies(1, 2);
  Finding one = found("replication");
  BOOST_TEST((one.level == Level::fail));
  BOOST_TEST(has(one.words, "no write can ever succeed"));
  BOOST_TEST(has(one.repair, "min.insync.replicas=1"));
}

BOOST_AUTO_TEST_CASE(one_broker_is_for_trying_out) {
  brokers(1);
  copies(1, 1);
  BOOST_TEST((level("replication") == Level::warn));
  brokers(2);
  copies(2, 1);
  BOOST_TEST((level("replication") == Level::warn));
}

BOOST_AUTO_TEST_CASE(copies_that_lag_behind_are_told) {
  topic.in_sync = 2;
  BOOST_TEST((level("in sync") == Level::ok));
  topic.in_sync = 1;
  BOOST_TEST((level("in sync") == Level::warn));
  topic.leader.reset();
  BOOST_TEST(has(found("in sync").words, "no broker leads"));
}

BOOST_AUTO_TEST_CASE(a_refusal_names_what_failed_with_its_repair_and_the_way_round) {
  topic.settings["retention.bytes"] = "7";
  BOOST_TEST(any_failed(check_topic(topic, options)));
  std::string text = topic_refusal(topic, options);
  BOOST_TEST(has(text, "\n  retention.bytes: 7: "));
  BOOST_TEST(has(text, "\n    kafka-configs.sh "));
  BOOST_TEST(has(text, "--allow-unsafe-topic"));
  BOOST_TEST(!has(text, "retention.ms"));
}

BOOST_AUTO_TEST_CASE(there_is_no_way_round_compaction) {
  BOOST_TEST(!is_impossible(topic));
  for (const char* policy : {"compact", "compact,delete", "delete,compact"}) {
    topic.settings["cleanup.policy"] = policy;
    BOOST_TEST(is_impossible(topic), policy);
    BOOST_TEST(!has(topic_refusal(topic, options), "--allow-unsafe-topic"));
  }
}

BOOST_AUTO_TEST_CASE(words_that_a_shell_would_take_apart_are_quoted) {
  options.brokers = "k1:9092; rm";
  BOOST_TEST(create_command(options) == "kvs topic create --kafka-brokers 'k1:9092; rm' --kafka-topic kvs");
}

BOOST_AUTO_TEST_CASE(numbers_among_the_settings_are_read) {
  BOOST_TEST(topic.number("retention.ms").value() == -1);
  BOOST_TEST(topic.number("max.message.bytes").value() == 8388608);
  BOOST_TEST(!topic.number("cleanup.policy"));
  BOOST_TEST(!topic.number("no.such.setting"));
  topic.settings.erase("max.message.bytes");
  BOOST_TEST(topic.max_message_bytes() == 1048588U);
}

BOOST_AUTO_TEST_CASE(a_danger_is_told_with_its_repair_in_one_line) {
  BOOST_TEST(topic_danger(topic, options, topic.brokers.size()) == "");
  topic.settings["retention.ms"] = "1000";
  copies(1, 1);
  std::string text = topic_danger(topic, options, topic.brokers.size());
  BOOST_TEST(has(text, "retention.ms: 1000: records are deleted by age"), text);
  BOOST_TEST(has(text, "--add-config retention.ms=-1"), text);
  BOOST_TEST(has(text, "kafka-reassign-partitions.sh"), text);
  BOOST_TEST(!has(text, "\n"), text);
  topic.partitions = 2;
  text = topic_danger(topic, options, topic.brokers.size());
  BOOST_TEST(has(text, "kvs topic create"), text);
  BOOST_TEST(!has(text, "#"), text);  // what comes behind it is meant, too
}

BOOST_AUTO_TEST_CASE(a_danger_does_not_go_with_a_broker_that_is_away) {
  topic.settings["min.insync.replicas"] = "1";
  topic.brokers.pop_back();
  BOOST_TEST(topic_danger(topic, options, 2) == "");
  BOOST_TEST(has(topic_danger(topic, options, 3), "--add-config min.insync.replicas=2"));
}

BOOST_AUTO_TEST_CASE(settings_that_may_not_be_read_are_no_danger) {
  topic.settings.clear();
  topic.settings_error = "not authorized";
  BOOST_TEST(topic.brokers.size() == 3U);
  BOOST_TEST(topic_danger(topic, options, 3) == "");
  BOOST_TEST(!any_failed(check_topic(topic, options)));
  BOOST_TEST((level("replication") == Level::ok));
}

BOOST_AUTO_TEST_CASE(a_danger_that_is_allowed_is_none_but_compaction) {
  options.allow_unsafe_topic = true;
  topic.settings["retention.ms"] = "1000";
  BOOST_TEST(topic_danger(topic, options, topic.brokers.size()) == "");
  topic.settings["cleanup.policy"] = "compact";
  BOOST_TEST(has(topic_danger(topic, options, topic.brokers.size()), "--add-config cleanup.policy=delete"));
}

BOOST_AUTO_TEST_CASE(a_topic_that_takes_smaller_records_only_is_no_danger_to_others) {
  topic.settings["max.message.bytes"] = "100000";
  BOOST_TEST((level("max.message.bytes") == Level::fail));
  BOOST_TEST(topic_danger(topic, options, topic.brokers.size()) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
