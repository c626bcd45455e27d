#include "kvs/bus/kafka_config.hpp"

#include <librdkafka/rdkafka.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "test/unit/store/temporary_directory.hpp"

namespace kvs {
namespace {

KafkaOptions options(std::vector<KafkaSetting> extra = {}) {
  KafkaOptions made;
  made.brokers = "k1:9092,k2:9092";
  made.instance = "ada";
  made.extra = std::move(extra);
  return made;
}

std::string value(const KafkaConf& conf, const char* name) {
  char text[512] = {};
  std::size_t size = sizeof text;
  return rd_kafka_conf_get(conf.get(), name, text, &size) == RD_KAFKA_CONF_OK ? text : "(not there)";
}

std::string producer(const KafkaOptions& given, const char* name, std::size_t topic_bytes = 0) {
  return value(kafka_config(given, KafkaRole::producer, topic_bytes), name);
}

std::string consumer(const KafkaOptions& given, const char* name) {
  return value(kafka_config(given, KafkaRole::consumer), name);
}

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const KafkaConfigError& error) {
    return error.what();
  }
  return "no refusal";
}

std::string refusal_of(KafkaSetting setting) {
  return refusal([&] { check_kafka_config(options({std::move(setting)})); });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct Files {
  test::TemporaryDirectory temporary;
  std::filesystem::path file = temporary.path() / "client.conf";

  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(file) << text;
    BOOST_REQUIRE(chmod(file.c_str(), mode) == 0);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_config_)

BOOST_AUTO_TEST_CASE(a_producer_never_writes_twice_and_waits_for_all_replicas) {
  BOOST_TEST(producer(options(), "bootstrap.servers") == "k1:9092,k2:9092");
  BOOST_TEST(producer(options(), "client.id") == "kvs-ada");
  BOOST_TEST(producer(options(), "enable.idempotence") == "true");
  BOOST_TEST(producer(options(), "acks") == "-1");  // all
  BOOST_TEST(producer(options(), "message.timeout.ms") == "120000");
  BOOST_TEST(std::stod(producer(options(), "linger.ms")) == 0.0);
  BOOST_TEST(producer(options(), "allow.auto.create.topics") == "false");
}

BOOST_AUTO_TEST_CASE(a_consumer_never_jumps_and_commits_nothing) {
  BOOST_TEST(consumer(options(), "auto.offset.reset") == "error");
  BOOST_TEST(consumer(options(), "check.crcs") == "true");
  BOOST_TEST(consumer(options(), "isolation.level") == "read_uncommitted");
  BOOST_TEST(consumer(options(), "enable.partition.eof") == "true");
  BOOST_TEST(consumer(options(), "enable.auto.commit") == "false");
  BOOST_TEST(consumer(options(), "fetch.wait.max.ms") == "100");
  BOOST_TEST(consumer(options(), "group.id") == "(not there)");
}

BOOST_AUTO_TEST_CASE(no_batch_is_larger_than_the_topic_takes) {
  BOOST_TEST(producer(options(), "message.max.bytes", 2'000'000) == std::to_string(2'000'000 - 1024));
  BOOST_TEST(producer(options(), "batch.size", 2'000'000) == "1000000");
  BOOST_TEST(producer(options(), "batch.size", 100'000) == std::to_string(100'000 - 1024));
  BOOST_TEST(producer(options(), "message.max.bytes", 10) == "1000");  // what the library takes at least
}

BOOST_AUTO_TEST_CASE(the_largest_command_fits_a_topic_of_the_least_size) {
  std::size_t room = std::stoul(producer(options(), "message.max.bytes", least_topic_bytes(options())));
  BOOST_TEST(room > options().max_command_bytes);
}

BOOST_AUTO_TEST_CASE(settings_of_the_user_pass_and_win_over_defaults) {
  KafkaOptions given = options({{"linger.ms", "3", ""}, {"security.protocol", "ssl", ""}, {"client.id", "me", ""}});
  check_kafka_config(given);
  BOOST_TEST(std::stod(producer(given, "linger.ms")) == 3.0);
  BOOST_TEST(producer(given, "client.id") == "me");
  BOOST_TEST(consumer(given, "security.protocol") == "ssl");
  BOOST_TEST(value(kafka_config(given, KafkaRole::admin), "security.protocol") == "ssl");
}

BOOST_AUTO_TEST_CASE(of_two_for_one_name_the_later_one_counts) {
  BOOST_TEST(std::stod(producer(options({{"linger.ms", "3", ""}, {"linger.ms", "4", ""}}), "linger.ms")) == 4.0);
}

// The library would warn about it at every start.
BOOST_AUTO_TEST_CASE(a_setting_reaches_only_the_clients_that_know_it) {
  KafkaOptions given = options({{"queued.min.messages", "7", ""}});
  BOOST_TEST(consumer(given, "queued.min.messages") == "7");
  BOOST_TEST(producer(given, "queued.min.messages") != "7");
}

BOOST_AUTO_TEST_CASE(what_kvs_must_own_is_refused_with_the_reason) {
  BOOST_TEST(refusal_of({"enable.idempotence", "false", "--kafka-config"}) ==
             "--kafka-config: enable.idempotence: this is not to be set: a write that is sent again must not stand in "
             "the topic twice");
  for (const char* name :
       {"acks", "request.required.acks", "auto.offset.reset", "allow.auto.create.topics", "bootstrap.servers",
        "metadata.broker.list", "message.max.bytes", "batch.size", "transactional.id", "message.timeout.ms",
        "delivery.timeout.ms", "isolation.level", "enable.auto.commit", "group.id", "retries"})
    BOOST_TEST(has(refusal_of({name, "1", ""}), "this is not to be set"), name);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_none_is_refused_with_a_suggestion) {
  BOOST_TEST(has(refusal_of({"lingr.ms", "1", "f:3"}), "f:3: lingr.ms: "));
  BOOST_TEST(has(refusal_of({"lingr.ms", "1", "f:3"}), "did you mean linger.ms?"));
}

BOOST_AUTO_TEST_CASE(a_value_that_is_none_is_refused) {
  BOOST_TEST(has(refusal_of({"linger.ms", "soon", ""}), "linger.ms: "));
  BOOST_TEST(has(refusal_of({"security.protocol", "tls", ""}), "security.protocol: "));
}

BOOST_AUTO_TEST_CASE(without_brokers_there_is_nothing_to_do) {
  BOOST_TEST(has(refusal([] { check_kafka_config(KafkaOptions()); }), "--kafka-brokers"));
}

BOOST_AUTO_TEST_CASE(commands_that_kafka_cannot_carry_are_refused) {
  KafkaOptions given = options();
  given.max_command_bytes = max_kafka_command_bytes + 1;
  BOOST_TEST(has(refusal([&] { check_kafka_config(given); }), "cannot be carried"));
  given.max_command_bytes = max_kafka_command_bytes;
  BOOST_TEST(refusal([&] { check_kafka_config(given); }) == "no refusal");
}

BOOST_AUTO_TEST_CASE(a_setting_is_a_name_and_a_value) {
  KafkaSetting setting = parse_kafka_setting(" sasl.username = a=b ", "f:1");
  BOOST_TEST(setting.name == "sasl.username");
  BOOST_TEST(setting.value == "a=b");
  for (const char* bad : {"", "=", "=x", "linger.ms"})
    BOOST_TEST(refusal([&] { parse_kafka_setting(bad, "f:1"); }) ==
               "f:1: a setting of librdkafka is written name=value");
}

BOOST_AUTO_TEST_CASE(the_text_shows_every_role_who_set_what_and_no_secret) {
  std::string text = kafka_config_text(options({{"sasl.password", "geheim", "f:1"}, {"sasl.username", "ada", "f:2"}}));
  for (const char* part : {"[producer]", "[consumer]", "[administration]",
                           "enable.idempotence=true    # fixed: ", "sasl.username=ada    # f:2",
                           "sasl.password=(hidden)    # f:1", "bootstrap.servers=k1:9092,k2:9092    # --kafka-brokers"})
    BOOST_TEST(has(text, part), part);
  BOOST_TEST(!has(text, "geheim"));
}

BOOST_AUTO_TEST_CASE(a_refusal_does_not_show_a_secret) {
  BOOST_TEST(!has(refusal_of({"ssl.key.pem", "geheim", ""}), "geheim"));
}

BOOST_FIXTURE_TEST_CASE(a_file_holds_a_setting_a_line, Files) {
  write("# ours\n\nsecurity.protocol=ssl\r\n  ssl.ca.location = /ca \n");
  std::vector<KafkaSetting> found = read_kafka_config_file(file);
  BOOST_REQUIRE(found.size() == 2U);
  BOOST_TEST(found[0].name == "security.protocol");
  BOOST_TEST(found[0].value == "ssl");
  BOOST_TEST(found[1].value == "/ca");
  BOOST_TEST(found[1].where == file.string() + ":4");
}

BOOST_FIXTURE_TEST_CASE(a_line_that_is_no_setting_is_named, Files) {
  write("linger.ms=1\nnonsense\n");
  BOOST_TEST(has(refusal([&] { read_kafka_config_file(file); }), file.string() + ":2: "));
}

BOOST_FIXTURE_TEST_CASE(secrets_that_everybody_may_read_are_refused, Files) {
  write("sasl.password=x\n", 0644);
  BOOST_TEST(has(refusal([&] { read_kafka_config_file(file); }), "chmod o-rwx"));
  write("sasl.password=x\n", 0640);
  BOOST_TEST(read_kafka_config_file(file).size() == 1U);
  write("sasl.username=x\n", 0644);
  BOOST_TEST(read_kafka_config_file(file).size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_read_is_named, Files) {
  BOOST_TEST(has(refusal([&] { read_kafka_config_file(file); }), "cannot read " + file.string()));
  BOOST_TEST(has(refusal([&] { read_kafka_config_file(temporary.path()); }), "is a directory"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
