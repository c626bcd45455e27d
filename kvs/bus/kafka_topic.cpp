#include "kvs/bus/kafka_topic.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <thread>

#include "kvs/bus/bus.hpp"
#include "kvs/bus/kafka_topic_rules.hpp"
#include "kvs/bus/kafka_watermarks.hpp"
#include "kvs/log.hpp"

namespace kvs {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* object) const noexcept {
    Destroy(object);
  }
};
template <class T, auto Destroy>
using Owned = std::unique_ptr<T, Destroyer<Destroy>>;

using Topic = Owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using AdminOptions = Owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using NewTopic = Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>;
using ConfigResource = Owned<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;
using Partitions = Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;
using DeleteRecords = Owned<rd_kafka_DeleteRecords_t, rd_kafka_DeleteRecords_destroy>;
using Metadata = Owned<const struct rd_kafka_metadata, rd_kafka_metadata_destroy>;

constexpr int partition = 0;
constexpr std::chrono::milliseconds look_again{100};  // for a leader of a new topic

int milliseconds_to(Deadline deadline) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 1, 300'000));
}

bool means_no_topic(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

KafkaError::Kind kind_of(rd_kafka_resp_err_t error) {
  constexpr std::array refusals{RD_KAFKA_RESP_ERR__AUTHENTICATION,
                                RD_KAFKA_RESP_ERR__SSL,
                                RD_KAFKA_RESP_ERR__INVALID_ARG,
                                RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE,
                                RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
                                RD_KAFKA_RESP_ERR_INVALID_CONFIG,
                                RD_KAFKA_RESP_ERR_INVALID_REQUEST,
                                RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
                                RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
                                RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
                                RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION};
  if (means_no_topic(error)) return KafkaError::Kind::no_topic;
  return std::ranges::find(refusals, error) != refusals.end() ? KafkaError::Kind::refused : KafkaError::Kind::away;
}

KafkaError error_of(rd_kafka_resp_err_t error, const std::string& what, const char* words = nullptr) {
  return {kind_of(error), what + ": " + (words && *words ? words : rd_kafka_err2str(error))};
}

void take_brokers(const struct rd_kafka_metadata& metadata, TopicDescription& topic) {
  for (int i = 0; i < metadata.broker_cnt; ++i)
    topic.brokers.push_back({metadata.brokers[i].id, metadata.brokers[i].host, metadata.brokers[i].port});
  std::ranges::sort(topic.brokers, {}, &KafkaBroker::id);
}

void take_partitions(const rd_kafka_metadata_topic& metadata, TopicDescription& topic) {
  topic.exists = true;
  topic.partitions = metadata.partition_cnt;
  for (int i = 0; i < metadata.partition_cnt; ++i) {
    const rd_kafka_metadata_partition& one = metadata.partitions[i];
    if (one.id != partition) continue;
    topic.replicas = one.replica_cnt;
    topic.in_sync = one.isr_cnt;
    if (one.leader >= 0) topic.leader = one.leader;
  }
}

void set_config(rd_kafka_NewTopic_t* topic, std::string_view name, const std::string& value) {
  rd_kafka_NewTopic_set_config(topic, std::string(name).c_str(), value.c_str());
}

// As safe as the brokers allow.
NewTopic new_topic(const KafkaOptions& options, std::size_t brokers) {
  int replicas = static_cast<int>(std::clamp<std::size_t>(brokers, 1, wanted_replicas));
  char why[512] = {};
  NewTopic topic(rd_kafka_NewTopic_new(options.topic.c_str(), 1, replicas, why, sizeof why));
  if (!topic) throw KafkaError(KafkaError::Kind::refused, "cannot make the topic " + options.topic + ": " + why);
  for (const TopicRule& rule : topic_rules) set_config(topic.get(), rule.name, std::string(rule.value));
  set_config(topic.get(), "min.insync.replicas", replicas >= static_cast<int>(wanted_replicas) ? "2" : "1");
  set_config(topic.get(), "max.message.bytes", std::to_string(created_topic_bytes(options)));
  return topic;
}

void log_findings(const std::vector<Finding>& findings) {
  for (const Finding& one : findings) {
    if (one.level == Finding::Level::ok) continue;
    log::warn("the topic is not as it should be",
              {{"about", one.name}, {"found", one.words}, {"repair", one.repair.empty() ? "none" : one.repair}});
  }
}

}  // namespace

struct KafkaTopic::Client {
  explicit Client(const KafkaOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What the brokers say now; brokers and partitions are filled in.
  TopicDescription metadata(Deadline deadline);
  void read_settings(TopicDescription& topic, Deadline deadline);
  // The result of an administrative request. Throws KafkaError.
  Event answer(const std::string& what, Deadline deadline);
  AdminOptions admin_options(rd_kafka_admin_op_t operation, Deadline deadline);
  // `error`, or what the client has noticed on the way to it, which says more than "timed out".
  KafkaError failure(rd_kafka_resp_err_t error, const std::string& what);

  const std::string& name;
  const std::string& brokers;
  rd_kafka_t* handle = nullptr;
  Topic topic;
  Queue notices;
  Queue answers;
};

KafkaTopic::Client::Client(const KafkaOptions& options) : name(options.topic), brokers(options.brokers) {
  KafkaConf conf = kafka_config(options, KafkaRole::admin);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR);
  char why[512] = {};
  handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why, sizeof why);
  if (!handle) throw KafkaConfigError("the settings for Kafka do not go together: " + std::string(why));
  conf.release();  // NOLINT(bugprone-unused-return-value): the client has it now
  topic.reset(rd_kafka_topic_new(handle, name.c_str(), nullptr));
  notices.reset(rd_kafka_queue_get_main(handle));
  answers.reset(rd_kafka_queue_new(handle));
}

KafkaTopic::Client::~Client() {
  if (!handle) return;
  answers.reset();
  notices.reset();
  topic.reset();
  rd_kafka_destroy(handle);
}

namespace {

// "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT, …)": the
// middle is for people.
std::string plain(std::string text) {
  if (std::size_t end = text.find(" (after "); end != std::string::npos) text.resize(end);
  constexpr std::string_view bootstrap = "/bootstrap: ";
  if (std::size_t begin = text.find(bootstrap); begin != std::string::npos) text.erase(0, begin + bootstrap.size());
  return text;
}

}  // namespace

KafkaError KafkaTopic::Client::failure(rd_kafka_resp_err_t error, const std::string& what) {
  std::string noticed;
  for (Event event; event.reset(rd_kafka_queue_poll(notices.get(), 0)), event;) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
    rd_kafka_resp_err_t cause = rd_kafka_event_error(event.get());
    if (cause == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) continue;  // follows from the others
    noticed = plain(rd_kafka_event_error_string(event.get()));
    if (kind_of(cause) == KafkaError::Kind::refused) error = cause;
  }
  bool silent = error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (!noticed.empty() && (silent || kind_of(error) == KafkaError::Kind::refused))
    return error_of(error, "cannot reach Kafka at " + brokers, noticed.c_str());
  if (silent) return {KafkaError::Kind::away, what + ": no answer from Kafka at " + brokers + " in time"};
  return error_of(error, what);
}

TopicDescription KafkaTopic::Client::metadata(Deadline deadline) {
  const struct rd_kafka_metadata* raw = nullptr;
  auto error = rd_kafka_metadata(handle, 0, topic.get(), &raw, milliseconds_to(deadline));
  Metadata answer(raw);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw failure(error, "cannot ask for the topic " + name);
  TopicDescription description;
  take_brokers(*answer, description);
  for (int i = 0; i < answer->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& one = answer->topics[i];
    if (name != one.topic || means_no_topic(one.err)) continue;
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR && one.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
      throw error_of(one.err, "cannot ask for the topic " + name);
    take_partitions(one, description);
  }
  return description;
}

AdminOptions KafkaTopic::Client::admin_options(rd_kafka_admin_op_t operation, Deadline deadline) {
  AdminOptions options(rd_kafka_AdminOptions_new(handle, operation));
  char why[256];
  int timeout = milliseconds_to(deadline);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, why, sizeof why);
  if (operation != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout, why, sizeof why);
  return options;
}

Event KafkaTopic::Client::answer(const std::string& what, Deadline deadline) {
  constexpr int reserve = 500;  // the request has the same deadline and tells more than silence
  Event event(rd_kafka_queue_poll(answers.get(), milliseconds_to(deadline) + reserve));
  if (!event) throw failure(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  auto error = rd_kafka_event_error(event.get());
  if (error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__TRANSPORT) throw failure(error, what);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw error_of(error, what, rd_kafka_event_error_string(event.get()));
  return event;
}

void KafkaTopic::Client::read_settings(TopicDescription& description, Deadline deadline) {
  AdminOptions options = admin_options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, deadline);
  ConfigResource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  rd_kafka_ConfigResource_t* wanted = resource.get();
  rd_kafka_DescribeConfigs(handle, &wanted, 1, options.get(), answers.get());
  Event event = answer("cannot read the settings of the topic " + name, deadline);
  std::size_t count = 0;
  const auto* resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto error = rd_kafka_ConfigResource_error(resources[i]); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* words = rd_kafka_ConfigResource_error_string(resources[i]);
      description.settings_error = words ? words : rd_kafka_err2str(error);
      return;
    }
    std::size_t entries = 0;
    const auto* list = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (std::size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(list[k]);
      description.settings[rd_kafka_ConfigEntry_name(list[k])] = value ? value : "";
    }
  }
}

KafkaTopic::KafkaTopic(const KafkaOptions& options) : options_(options), client_(std::make_unique<Client>(options_)) {}
KafkaTopic::~KafkaTopic() = default;

TopicDescription KafkaTopic::find(Timeout timeout) {
  Deadline deadline = Clock::now() + timeout;
  TopicDescription topic = client_->metadata(deadline);
  if (char* id = rd_kafka_clusterid(client_->handle, milliseconds_to(deadline))) {
    topic.cluster_id = id;
    rd_kafka_mem_free(client_->handle, id);
  }
  return topic;
}

TopicDescription KafkaTopic::describe(Timeout timeout) {
  Deadline deadline = Clock::now() + timeout;
  TopicDescription topic = find(timeout);
  if (!topic.exists) return topic;
  client_->read_settings(topic, deadline);
  if (!topic.leader) return topic;
  KafkaWatermarks log = kafka_watermarks(client_->handle, options_.topic, Timeout(milliseconds_to(deadline)));
  topic.begin = log.begin;
  topic.end = log.end;
  return topic;
}

namespace {

// A broker may be named as the leader of a new topic before it knows that it is.
bool leader_answers(rd_kafka_t* client, const std::string& topic, Deadline deadline) {
  try {
    kafka_watermarks(client, topic, std::chrono::milliseconds(milliseconds_to(deadline)));
    return true;
  } catch (const KafkaError&) {
    return false;
  }
}

}  // namespace

bool KafkaTopic::create(Timeout timeout) {
  Deadline deadline = Clock::now() + timeout;
  const std::string what = "cannot make the topic " + options_.topic;
  NewTopic topic = new_topic(options_, client_->metadata(deadline).brokers.size());
  AdminOptions admin = client_->admin_options(RD_KAFKA_ADMIN_OP_CREATETOPICS, deadline);
  rd_kafka_NewTopic_t* wanted = topic.get();
  rd_kafka_CreateTopics(client_->handle, &wanted, 1, admin.get(), client_->answers.get());
  Event event = client_->answer(what, deadline);
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  auto error = count == 0 ? RD_KAFKA_RESP_ERR__FAIL : rd_kafka_topic_result_error(results[0]);
  bool made = error == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (!made && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    throw error_of(error, what, count == 0 ? nullptr : rd_kafka_topic_result_error_string(results[0]));
  while (!client_->metadata(deadline).leader || !leader_answers(client_->handle, options_.topic, deadline)) {
    if (Clock::now() >= deadline) throw KafkaError(KafkaError::Kind::away, what + ": it is made, but nobody leads it");
    std::this_thread::sleep_for(look_again);
  }
  return made;
}

TopicDescription KafkaTopic::prepare(Timeout timeout) {
  Deadline deadline = Clock::now() + timeout;
  TopicDescription topic = describe(timeout);
  if (!topic.exists) {
    if (options_.create_topic == CreateTopic::never)
      throw BusBroken("there is no topic " + options_.topic +
                      ", and this instance is not to make it: " + create_command(options_));
    if (create(Timeout(milliseconds_to(deadline)))) log::info("topic made", {{"topic", options_.topic}});
    topic = describe(Timeout(milliseconds_to(deadline)));
    if (!topic.exists) {  // the broker that was asked this time has not heard of it
      throw KafkaError(KafkaError::Kind::away,
                       "the topic " + options_.topic + " is made, but not all brokers know it yet");
    }
  }
  std::vector<Finding> findings = check_topic(topic, options_);
  bool refused = any_failed(findings) && !options_.allow_unsafe_topic;
  if (refused || is_impossible(topic)) throw BusBroken(topic_refusal(topic, options_));
  log_findings(findings);
  return topic;
}

std::int64_t KafkaTopic::trim(std::int64_t offset, Timeout timeout) {
  Deadline deadline = Clock::now() + timeout;
  const std::string what = "cannot trim the topic " + options_.topic;
  Partitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition)->offset = offset;
  DeleteRecords request(rd_kafka_DeleteRecords_new(list.get()));
  AdminOptions admin = client_->admin_options(RD_KAFKA_ADMIN_OP_DELETERECORDS, deadline);
  rd_kafka_DeleteRecords_t* wanted = request.get();
  rd_kafka_DeleteRecords(client_->handle, &wanted, 1, admin.get(), client_->answers.get());
  Event event = client_->answer(what, deadline);
  const auto* result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
  if (result->cnt != 1) throw KafkaError(KafkaError::Kind::away, what + ": the answer is empty");
  if (result->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) throw error_of(result->elems[0].err, what);
  return result->elems[0].offset;
}

}  // namespace kvs
