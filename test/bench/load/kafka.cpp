#include <librdkafka/rdkafka.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "test/bench/load/clock.hpp"
#include "test/bench/load/histogram.hpp"
#include "test/bench/load/keys.hpp"
#include "test/bench/load/modes.hpp"
#include "test/bench/load/report.hpp"

#ifdef __clang__
#pragma GCC diagnostic ignored "-Wgnu-statement-expression-from-macro-expansion"  // librdkafka's macros
#endif

namespace kvs::load {
namespace {

constexpr std::int32_t kPartition = 0;
constexpr std::size_t kHeaderSize = 64;  // about what kvs adds to a record
constexpr int kWaitMs = 10;
constexpr double kPatience = 30;  // seconds without any record

struct DestroyTopic {
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};
struct DestroyClient {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, DestroyTopic>;
using ClientHandle = std::unique_ptr<rd_kafka_t, DestroyClient>;

// What went wrong in a callback, through which nothing may be thrown.
rd_kafka_resp_err_t failure = RD_KAFKA_RESP_ERR_NO_ERROR;

void note(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) failure = message.err;
}

void check(rd_kafka_resp_err_t code) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
}

void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  char why[256];
  if (rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) throw std::runtime_error(why);
}

// A producer or consumer set up as those of kvs (kvs/bus/kafka_config.cpp), and the topic.
struct Client {
  ClientHandle client;
  TopicHandle topic;

  Client(rd_kafka_type_t type, const Options& options) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", "127.0.0.1:" + std::to_string(options.port));
    if (type == RD_KAFKA_PRODUCER) {
      set(conf, "enable.idempotence", "true");
      set(conf, "acks", "all");
      set(conf, "linger.ms", "0");
      rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) { note(*message); });
    } else {
      set(conf, "check.crcs", "true");
      set(conf, "fetch.wait.max.ms", "100");
      set(conf, "fetch.min.bytes", "1");
    }
    char why[256];
    client.reset(rd_kafka_new(type, conf, why, sizeof why));
    if (!client) throw std::runtime_error(why);
    topic.reset(rd_kafka_topic_new(client.get(), options.topic.c_str(), nullptr));
    if (!topic) throw std::runtime_error("cannot name the topic " + options.topic);
  }

  void read_from(std::int64_t offset) {
    if (rd_kafka_consume_start(topic.get(), kPartition, offset) != 0) check(rd_kafka_last_error());
  }
  void stop_reading() { rd_kafka_consume_stop(topic.get(), kPartition); }
};

// Records that go round: each begins with the time it was produced at.
class Loop {
 public:
  explicit Loop(const Options& options)
      : producer_(RD_KAFKA_PRODUCER, options),
        consumer_(RD_KAFKA_CONSUMER, options),
        keys_(options.keys, options.sequential),
        value_(options.value_size, 'x') {
    consumer_.read_from(end_of_topic());
    for (unsigned i = 0; i < options.connections; ++i) produce();
    check(failure);
  }
  ~Loop() { consumer_.stop_reading(); }

  void run(double seconds) {
    const auto end = now_ns() + to_ns(seconds);
    auto progress = now_ns();
    for (auto now = progress; now < end; now = now_ns()) {
      const auto before = records_;
      rd_kafka_consume_callback(consumer_.topic.get(), kPartition, kWaitMs, &Loop::came_back, this);
      rd_kafka_poll(producer_.client.get(), 0);
      check(failure);
      if (records_ != before) progress = now;
      if (now - progress > to_ns(kPatience)) throw std::runtime_error("no record for 30 s");
    }
  }

  void forget() { records_ = 0, latency_ = {}; }
  std::uint64_t records() const { return records_; }
  const Histogram& latency() const { return latency_; }

 private:
  std::int64_t end_of_topic() {
    std::int64_t low = 0, high = 0;
    const auto code = rd_kafka_query_watermark_offsets(
        consumer_.client.get(), rd_kafka_topic_name(consumer_.topic.get()), kPartition, &low, &high, 10'000);
    check(code);
    return high;
  }

  void produce() {
    static const std::string header(kHeaderSize, 'h');
    key_.clear();
    keys_.append_next(key_);
    const auto now = now_ns();
    std::memcpy(value_.data(), &now, sizeof now);
    const auto code =
        rd_kafka_producev(producer_.client.get(), RD_KAFKA_V_RKT(producer_.topic.get()),
                          RD_KAFKA_V_PARTITION(kPartition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(key_.data(), key_.size()), RD_KAFKA_V_VALUE(value_.data(), value_.size()),
                          RD_KAFKA_V_HEADER("raw", header.data(), header.size()), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) failure = code;
  }

  static void came_back(rd_kafka_message_t* message, void* self) {
    auto& loop = *static_cast<Loop*>(self);
    note(*message);
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    std::int64_t sent_at = 0;
    std::memcpy(&sent_at, message->payload, sizeof sent_at);
    loop.latency_.add(now_ns() - sent_at);
    ++loop.records_;
    loop.produce();
  }

  Client producer_;
  Client consumer_;
  Keys keys_;
  std::string key_;
  std::string value_;
  std::uint64_t records_ = 0;
  Histogram latency_;
};

}  // namespace

void run_kafka_loop(const Options& options) {
  Loop loop(options);
  loop.run(options.warmup);
  loop.forget();
  const auto began = now_ns();
  loop.run(options.seconds);
  const double seconds = static_cast<double>(now_ns() - began) / 1e9;
  Report report;
  report.add("records", loop.records()).add("per_second", static_cast<double>(loop.records()) / seconds);
  report.add_latency(loop.latency()).add("busy", 0.0).add("refused", std::uint64_t{0}).print();
}

void run_kafka_read(const Options& options) {
  const auto began = now_ns();
  Client consumer(RD_KAFKA_CONSUMER, options);
  consumer.read_from(RD_KAFKA_OFFSET_BEGINNING);
  std::uint64_t records = 0;
  const auto count = [](rd_kafka_message_t* message, void* to) {
    note(*message);
    ++*static_cast<std::uint64_t*>(to);
  };
  auto progress = began;
  for (auto before = records; records < options.count; before = records) {
    rd_kafka_consume_callback(consumer.topic.get(), kPartition, kWaitMs, count, &records);
    check(failure);
    const auto now = now_ns();
    if (records != before) progress = now;
    if (now - progress > to_ns(kPatience)) throw std::runtime_error("no record for 30 s");
  }
  const double seconds = static_cast<double>(now_ns() - began) / 1e9;
  consumer.stop_reading();
  Report report;
  report.add("records", records).add("seconds", seconds).add("per_second", static_cast<double>(records) / seconds);
  report.add("busy", 0.0).add("refused", std::uint64_t{0}).print();
}

}  // namespace kvs::load
