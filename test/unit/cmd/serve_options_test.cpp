#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "kvs/cmd/serve.hpp"
#include "test/unit/cmd/settings_fixture.hpp"

namespace kvs {

using test::failure_of;

namespace {

const test::Variables home{{"HOME", "/home/ada"}};

ServeOptions options(std::vector<std::string> words, const test::Variables& variables = home) {
  words.insert(words.begin(), "serve");
  return serve_options(test::settings(words, variables));
}

std::string wrong(const std::vector<std::string>& words, const test::Variables& variables = home) {
  return failure_of([&] { options(words, variables); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(serve_options_)

BOOST_AUTO_TEST_CASE(everything_has_a_default) {
  ServeOptions all = options({});
  BOOST_REQUIRE(all.listen.size() == 1U);
  BOOST_TEST(all.listen[0].address == "127.0.0.1");
  BOOST_TEST(all.listen[0].port == 23333);
  BOOST_TEST(all.data_dir == "/home/ada/.local/state/kvs");
  BOOST_TEST((all.fsync == FsyncMode::always));
  BOOST_TEST(all.history_bytes == 256U << 20);
  BOOST_TEST(all.history_memory == 64U << 20);
  BOOST_TEST(all.history_age.count() == 0);
  BOOST_TEST(all.max_value_size == 1U << 20);
  BOOST_TEST(all.max_connections == 10'000U);
  BOOST_TEST(all.max_connections_per_address == 512U);
  BOOST_TEST(all.max_in_flight == 1024U);
  BOOST_TEST(all.threads >= 1U);
  BOOST_TEST(!all.instance.empty());
  BOOST_TEST(all.kafka_topic == "kvs");
  BOOST_TEST(all.shutdown_timeout.count() == 10'000);
}

BOOST_AUTO_TEST_CASE(a_file_that_keeps_strangers_out_is_not_empty) {
  BOOST_TEST(wrong({"--listen", "0.0.0.0:0", "--tls-cert", "c", "--tls-key", "k", "--auth-file", ""}) ==
             "--auth-file: is empty: name a file, or leave it out");
  BOOST_TEST(wrong({"--listen", "0.0.0.0:0", "--tls-cert", "", "--tls-key", "", "--auth-file", "t"}) ==
             "--tls-cert: is empty: name a file, or leave it out");
  BOOST_TEST(wrong({"--tls-cert", "c", "--tls-key", "k", "--tls-client-ca", ""}) ==
             "--tls-client-ca: is empty: name a file, or leave it out");
}

BOOST_AUTO_TEST_CASE(history_has_no_age_or_one_of_a_second_at_least) {
  BOOST_TEST(options({"--history-age", "1h30m"}).history_age.count() == 5'400'000);
  BOOST_TEST(options({"--history-age", "0s"}).history_age.count() == 0);
  BOOST_TEST(wrong({"--history-age", "999ms"}) == "--history-age: at least 1s, or 0s: whatever its age, it stays");
}

BOOST_AUTO_TEST_CASE(the_data_directory_comes_from_flag_systemd_xdg_or_home) {
  test::Variables all{{"STATE_DIRECTORY", "/var/lib/kvs:/var/lib/other"}, {"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}};
  BOOST_TEST(options({"--data-dir", "d"}, all).data_dir == "d");
  BOOST_TEST(options({}, all).data_dir == "/var/lib/kvs");
  all.erase("STATE_DIRECTORY");
  BOOST_TEST(options({}, all).data_dir == "/x/kvs");
  all["XDG_STATE_HOME"] = "relative";
  BOOST_TEST(options({}, all).data_dir == "/h/.local/state/kvs");
  BOOST_TEST(wrong({}, {}) == "where to keep the data? give --data-dir DIR or --ephemeral");
  BOOST_TEST(options({"--ephemeral"}, {}).data_dir.empty());
}

BOOST_AUTO_TEST_CASE(listeners_are_addresses_or_paths) {
  ServeOptions all = options({"--listen", "[::1]:0", "--listen", "unix:/run/kvs.sock", "--listen", "localhost:1"});
  BOOST_TEST(all.listen[0].address == "::1");
  BOOST_TEST(all.listen[0].port == 0);
  BOOST_TEST(all.listen[1].path == "/run/kvs.sock");
  BOOST_TEST(all.listen[2].address == "127.0.0.1");
  for (const char* bad :
       {"127.0.0.1", "127.0.0.1:", ":1", "::1:1", "127.0.0.1:65536", "example.org:1", "unix:", "[127.0.0.1]:1"})
    BOOST_TEST(wrong({"--listen", bad}).starts_with("--listen: "), bad);
}

BOOST_AUTO_TEST_CASE(what_a_listener_may_have_been_meant_to_be_is_said) {
  auto meant = [](const std::string& text) {
    std::string said = wrong({"--listen", text});
    std::size_t at = said.find(": did you mean ");
    return at == std::string::npos ? said : said.substr(at + 15);
  };
  BOOST_TEST(meant("8080") == "127.0.0.1:8080?");
  BOOST_TEST(meant(":8080") == "127.0.0.1:8080?");
  BOOST_TEST(meant("*:8080") == "0.0.0.0:8080?");
  BOOST_TEST(meant("10.0.0.7") == "10.0.0.7:23333?");
  BOOST_TEST(meant("[::1]") == "[::1]:23333?");
  BOOST_TEST(meant("::1:80") == "[::1]:80?");
  BOOST_TEST(meant("http://127.0.0.1:80/") == "127.0.0.1:80?");
  BOOST_TEST(meant("kvs.example:80") ==
             "--listen: 'kvs.example:80' does not begin with an address (127.0.0.1:23333, [::1]:23333, "
             "unix:/run/kvs/kvs.sock)");
  BOOST_TEST(meant("127.0.0.1:99999") ==
             "--listen: '127.0.0.1:99999' does not end with a port from 0 to 65535 (127.0.0.1:23333, [::1]:23333, "
             "unix:/run/kvs/kvs.sock)");
}

BOOST_AUTO_TEST_CASE(beyond_loopback_needs_to_be_asked_for_by_name) {
  BOOST_TEST(wrong({"--listen", "0.0.0.0:23333"}).find("--allow-anonymous") != std::string::npos);
  BOOST_TEST(wrong({"--listen", "[::]:23333"}).find("--allow-anonymous") != std::string::npos);
  BOOST_TEST(options({"--listen", "0.0.0.0:23333", "--allow-anonymous"}).allow_anonymous);
  BOOST_TEST(options({"--listen", "127.0.0.2:1"}).listen.size() == 1U);
}

BOOST_AUTO_TEST_CASE(fsync_is_a_word_or_an_interval) {
  BOOST_TEST((options({"--fsync", "never"}).fsync == FsyncMode::never));
  ServeOptions every = options({"--fsync", "200ms"});
  BOOST_TEST((every.fsync == FsyncMode::interval));
  BOOST_TEST(every.fsync_interval.count() == 200);
  BOOST_TEST(wrong({"--fsync", "2h"}) ==
             "--fsync: '2h' is out of bounds: an interval from 1ms to 1h, or always or never");
}

BOOST_AUTO_TEST_CASE(bounds_are_kept) {
  BOOST_TEST(wrong({"--threads", "0"}) == "--threads: at least 1");
  BOOST_TEST(wrong({"--history-bytes", "1KiB"}) == "--history-bytes: at least 65536 bytes");
  BOOST_TEST(wrong({"--max-value-size", "2GiB"}) == "--max-value-size: at most 1073741824 bytes");
  BOOST_TEST(wrong({"--max-connections", "0"}) == "--max-connections: at least 1");
  BOOST_TEST(wrong({"--max-in-flight", "0"}) == "--max-in-flight: at least 1");
  BOOST_TEST(wrong({"--instance", "a b"}).starts_with("--instance: "));
}

BOOST_AUTO_TEST_CASE(hosts_and_origins_are_checked) {
  BOOST_TEST(options({"--allowed-host", "KVS.Example"}).allowed_hosts.front() == "kvs.example");
  BOOST_TEST(wrong({"--allowed-host", "http://a"}).starts_with("--allowed-host: "));
  BOOST_TEST(options({"--cors-origin", "https://a.example:8443"}).cors_origins.size() == 1U);
  for (const char* bad : {"*", "a.example", "https://", "https://a/", "https://*.example"})
    BOOST_TEST(wrong({"--cors-origin", bad}).starts_with("--cors-origin: "), bad);
}

BOOST_AUTO_TEST_CASE(kafka_wants_brokers_and_takes_the_rest_from_flags_environment_and_file) {
  BOOST_TEST(wrong({"--bus", "kafka"}).starts_with("which Kafka brokers?"));
  ServeOptions all = options({"--bus",
                              "kafka",
                              "--kafka-brokers",
                              "k:9092",
                              "--kafka-config",
                              "linger.ms=1",
                              "--kafka-config",
                              "socket.timeout.ms=5000",
                              "--kafka-topic",
                              "t",
                              "--instance",
                              "ada",
                              "--kafka-create-topic",
                              "never",
                              "--kafka-foreign",
                              "ignore",
                              "--allow-unsafe-topic",
                              "--max-value-size",
                              "4MiB",
                              "--bootstrap-from",
                              "h:1"});
  BOOST_TEST(all.kafka.brokers == "k:9092");
  BOOST_TEST(all.kafka.topic == "t");
  BOOST_TEST(all.kafka.instance == "ada");
  BOOST_TEST(all.kafka.extra.size() == 2U);
  BOOST_TEST((all.kafka.create_topic == CreateTopic::never));
  BOOST_TEST((all.kafka.foreign == ForeignRecords::ignore));
  BOOST_TEST(all.kafka.allow_unsafe_topic);
  BOOST_TEST(all.kafka.max_command_bytes == (4U << 20) + KafkaOptions::command_overhead);
  BOOST_TEST(all.bootstrap_from.value().url() == "http://h:1");
  test::Variables variables = home;
  variables["KVS_KAFKA_BROKERS"] = "k:1";
  variables["KVS_BUS"] = "kafka";
  variables["KVS_KAFKA_CONFIG"] = "linger.ms=1,socket.timeout.ms=5000";
  BOOST_TEST(options({}, variables).kafka.extra[1].value == "5000");
}

BOOST_AUTO_TEST_CASE(what_kafka_cannot_be_given_is_told_with_its_place) {
  auto kafka = [](std::vector<std::string> words) {
    words.insert(words.end(), {"--bus", "kafka", "--kafka-brokers", "k:1"});
    return wrong(words);
  };
  BOOST_TEST(kafka({"--kafka-config", "acks=1"}).starts_with("--kafka-config: acks: this is not to be set"));
  BOOST_TEST(kafka({"--kafka-config", "nonsense"}) == "--kafka-config: a setting of librdkafka is written name=value");
  BOOST_TEST(kafka({"--kafka-topic", "a/b"}).starts_with("--kafka-topic: "));
  BOOST_TEST(kafka({"--kafka-topic", ".."}).starts_with("--kafka-topic: "));
  BOOST_TEST(kafka({"--max-value-size", "1GiB"}).starts_with("--max-value-size: Kafka carries at most"));
  BOOST_TEST(kafka({"--bootstrap-from", "http://"}).starts_with("--bootstrap-from: "));
  BOOST_TEST(kafka({"--kafka-config-file", "/nowhere"}).starts_with("cannot read /nowhere"));
  BOOST_TEST(wrong({"--bootstrap-from", "h:1"}).starts_with("--bootstrap-from: only instances that share a topic"));
}

BOOST_AUTO_TEST_CASE(a_credential_of_the_service_manager_is_a_secret_file_that_was_not_given) {
  auto directory = std::filesystem::temp_directory_path() / ("kvs-credentials-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  test::Variables variables = home;
  variables["CREDENTIALS_DIRECTORY"] = directory.string();
  std::vector<std::string> kafka{"--bus", "kafka", "--kafka-brokers", "k:1"};
  BOOST_TEST(options(kafka, variables).kafka.extra.empty());
  std::ofstream(directory / "kafka-config-file") << "sasl.password=geheim\n";
  std::filesystem::permissions(directory / "kafka-config-file",
                               std::filesystem::perms::owner_read);  // not by the umask
  auto extra = options(kafka, variables).kafka.extra;
  BOOST_REQUIRE(extra.size() == 1U);
  BOOST_TEST(extra[0].name == "sasl.password");
  BOOST_TEST(extra[0].value == "geheim");
  kafka.insert(kafka.end(), {"--kafka-config-file", "/nowhere"});
  BOOST_TEST(wrong(kafka, variables).starts_with("cannot read /nowhere"));
  std::filesystem::remove_all(directory);
}

BOOST_AUTO_TEST_CASE(a_secret_on_the_command_line_is_refused) {
  std::string text = wrong({"--bus", "kafka", "--kafka-brokers", "k:1", "--kafka-config", "sasl.password=geheim"});
  BOOST_TEST(text.starts_with("--kafka-config: sasl.password is a secret"));
  BOOST_TEST(text.find("--kafka-config-file") != std::string::npos);
  BOOST_TEST(text.find("geheim") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(with_kafka_the_topic_keeps_the_data_unless_fsync_is_asked_for) {
  std::vector<std::string> kafka{"--bus", "kafka", "--kafka-brokers", "k:1"};
  BOOST_TEST((options(kafka).fsync == FsyncMode::never));
  kafka.insert(kafka.end(), {"--fsync", "always"});
  BOOST_TEST((options(kafka).fsync == FsyncMode::always));
}

BOOST_AUTO_TEST_CASE(two_instances_on_one_machine_have_two_names) {
  auto name = [](std::vector<std::string> words) {
    words.insert(words.end(), {"--bus", "kafka", "--kafka-brokers", "k:1"});
    return options(words).instance;
  };
  std::string host = options({"--listen", "127.0.0.1:1"}).instance;
  BOOST_TEST(name({}) == host);
  BOOST_TEST(name({"--listen", "127.0.0.1:23333"}) == host);
  BOOST_TEST(name({"--listen", "127.0.0.1:24001"}) == host.substr(0, 58) + "-24001");
  BOOST_TEST(name({"--listen", "unix:/s", "--listen", "127.0.0.1:24001"}) == host.substr(0, 58) + "-24001");
  BOOST_TEST(name({"--listen", "unix:/s"}) == host);
  BOOST_TEST(name({"--listen", "127.0.0.1:24001", "--instance", "ada"}) == "ada");
  BOOST_TEST(wrong({"--bus", "kafka", "--kafka-brokers", "k:1", "--listen", "127.0.0.1:0"}).find("--instance NAME") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_argument_is_an_error) { BOOST_TEST(wrong({"now"}) == "kvs serve takes no arguments: 'now'"); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
