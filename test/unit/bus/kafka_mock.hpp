// A Kafka cluster inside the test's process: librdkafka's own, for its own tests. It keeps what it is sent, but does
// not notice what it is sent twice, and knows nothing of administration.
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <initializer_list>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace kvs::test {

inline constexpr std::int16_t produce_request = 0;
inline constexpr std::int16_t fetch_request = 1;
inline constexpr std::int16_t list_offsets_request = 2;

// The library takes a second to destroy a cluster: all of them when the program ends, and at once.
class OldClusters {
 public:
  ~OldClusters() {
    std::vector<std::jthread> ending;
    for (auto [cluster, client] : all_) {
      ending.emplace_back([cluster, client] {
        rd_kafka_mock_cluster_destroy(cluster);
        rd_kafka_destroy(client);
      });
    }
  }
  void add(rd_kafka_mock_cluster_t* cluster, rd_kafka_t* client) { all_.emplace_back(cluster, client); }

 private:
  std::vector<std::pair<rd_kafka_mock_cluster_t*, rd_kafka_t*>> all_;
};

class MockKafka {
 public:
  explicit MockKafka(int brokers = 1) {
    client_ = make_client({});
    cluster_ = rd_kafka_mock_cluster_new(client_, brokers);
    brokers_ = rd_kafka_mock_cluster_bootstraps(cluster_);
    create_topic("kvs");
    lead(1);
  }
  ~MockKafka() {
    static OldClusters old;
    old.add(cluster_, client_);
  }
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  const std::string& brokers() const { return brokers_; }
  void create_topic(const char* topic) { rd_kafka_mock_topic_create(cluster_, topic, 1, 1); }
  void lead(int broker, const char* topic = "kvs") { rd_kafka_mock_partition_set_leader(cluster_, topic, 0, broker); }
  void down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
  void up() { rd_kafka_mock_broker_set_up(cluster_, -1); }

  // The next requests of this kind are answered with these errors, and do nothing.
  void answer(std::int16_t request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
  }
  void answer_well(std::int16_t request) { rd_kafka_mock_clear_request_errors(cluster_, request); }

  // Whether brokers say that there is no such topic. Who knows it already goes on for a while.
  void deny_topic(bool deny) {
    auto error = deny ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_mock_topic_set_error(cluster_, "kvs", error);
  }

  // The next request of this kind is done at once and answered so much later.
  void delay(int broker, std::int16_t request, int milliseconds) {
    rd_kafka_mock_broker_push_request_error_rtts(cluster_, broker, request, std::size_t{1}, RD_KAFKA_RESP_ERR_NO_ERROR,
                                                 milliseconds);
  }

  // And the one after it is answered with this error, and does nothing.
  void answer_after_delayed(int broker, std::int16_t request, rd_kafka_resp_err_t error) {
    rd_kafka_mock_broker_push_request_error_rtts(cluster_, broker, request, std::size_t{1}, error, 0);
  }

  // Writes as somebody who does not know kvs; waits until it is there.
  void write(std::string_view key, std::optional<std::string_view> value, const char* topic = "kvs",
             const std::map<std::string, std::string>& headers = {}) {
    rd_kafka_t* producer = make_client({{"bootstrap.servers", brokers_}});
    rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
    for (const auto& [name, text] : headers) {
      rd_kafka_header_add(list, name.data(), -1, text.data(), static_cast<ssize_t>(text.size()));
    }
    void* bytes = value ? const_cast<char*>(value->data()) : nullptr;
    std::size_t size = value ? value->size() : 0;
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wgnu-statement-expression-from-macro-expansion"  // librdkafka's macros
#endif
    auto error = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
                                   RD_KAFKA_V_VALUE(bytes, size), RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
#pragma GCC diagnostic pop
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = rd_kafka_flush(producer, 20'000);
    rd_kafka_destroy(producer);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  }

 private:
  static rd_kafka_t* make_client(const std::map<std::string, std::string>& settings) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char why[512];
    for (const auto& [name, value] : settings) {
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why);
    }
    rd_kafka_conf_set(conf, "linger.ms", "0", why, sizeof why);
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (client == nullptr) throw std::runtime_error(why);
    return client;
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::string brokers_;
};

}  // namespace kvs::test
