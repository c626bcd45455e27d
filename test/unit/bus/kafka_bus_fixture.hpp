// A Kafka bus on a mock cluster, driven step by step.
#pragma once
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <vector>

#include "kvs/bus/kafka_bus.hpp"
#include "kvs/log.hpp"
#include "test/unit/bus/kafka_mock.hpp"
#include "test/unit/drive.hpp"

namespace kvs::test {

// Short, but long enough for a busy machine with sanitizers: no test depends on their being reached soon.
inline KafkaTimings quick() {
  using std::chrono::milliseconds;
  KafkaTimings timings;
  timings.look = milliseconds{50};
  timings.ask_every = milliseconds{50};
  timings.assign_timeout = milliseconds{1000};
  timings.retry_first = milliseconds{10};
  timings.retry_most = milliseconds{100};
  timings.doubt = milliseconds{200};
  timings.unreported = milliseconds{300};
  timings.stop_grace = milliseconds{300};
  return timings;
}

inline KafkaOptions options(const MockKafka& kafka, const std::string& instance) {
  KafkaOptions options;
  options.brokers = kafka.brokers();
  options.instance = instance;
  return options;
}

// The mock cluster has no administration.
inline KafkaTopicCare no_care() {
  TopicDescription fit;
  fit.exists = true;
  fit.partitions = 1;
  fit.replicas = fit.in_sync = 3;
  fit.leader = 1;
  return {[fit](KafkaTopic::Timeout, const std::optional<std::string>&) { return fit; },
          [fit](KafkaTopic::Timeout) { return fit; }};
}

inline Command set(std::string_view key, std::string_view value, std::string_view content_type = {}) {
  Command command;
  command.record = Record::make(key, value, content_type);
  return command;
}

inline Command removal(std::string_view key) {
  Command command = set(key, "");
  command.kind = Command::Kind::remove;
  return command;
}

// As drive(), for what looks after itself now and then and so always has something to do.
template <class Done>
void drive_bounded(asio::io_context& io, Done done) {
  auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("nothing came that the test waits for");
    io.restart();
    io.run_one_for(std::chrono::seconds{1});
  }
}

template <class T>
T run_bounded(asio::io_context& io, awaitable<T> body) {
  Task<T> task(io, std::move(body));
  drive_bounded(io, [&] { return task.done(); });
  return task.get();
}

// One instance: its bus, and everything that came out of it.
class Instance {
 public:
  Instance(asio::io_context& io, KafkaOptions options, KafkaTimings timings = quick(), KafkaBusLimits limits = {},
           KafkaTopicCare care = no_care())
      : io_(io), bus(std::move(options), std::move(care), timings, limits) {}

  LogId start(const BusStart& from = {}) {
    log_id = run_bounded(io_, bus.start(from, io_.get_executor()));
    return log_id;
  }
  // Takes one batch; its commands are moved to `read`.
  Batch next() {
    Batch batch = run_bounded(io_, bus.next());
    for (Ordered& one : batch.commands) keep(std::move(one));
    for (const Ending& one : batch.endings) endings.push_back(one);
    if (!batch.bookmark.empty()) bookmark = batch.bookmark;
    last = last || batch.last;
    return batch;
  }
  template <class Done>
  Instance& until(Done done) {
    auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!done() && !last && std::chrono::steady_clock::now() < give_up) next();
    BOOST_REQUIRE(done());
    return *this;
  }
  Instance& until_up() {
    return until([this] { return bus.status().up; });
  }
  Instance& until_away() {
    return until([this] { return !bus.status().up; });
  }
  Instance& until_read(std::size_t commands) {
    return until([this, commands] { return read.size() >= commands; });
  }
  // Each command published has an end.
  Instance& until_settled() {
    return until([this] { return ended() >= published; });
  }
  void stop() {
    bus.stop();
    while (!last) next();
  }

  PublishResult publish(Command command) {
    auto result = bus.publish(std::move(command), {7, 8, published + 1});
    if (result == PublishResult::accepted) ++published;
    bus.flush();
    return result;
  }
  Instance& publish_all(std::initializer_list<std::string_view> keys) {
    for (auto key : keys) BOOST_TEST((publish(set(key, key)) == PublishResult::accepted));
    return *this;
  }

  // "confirmed", "failed", "unknown", for the command published as number n; "" while it has no end.
  std::string end_of(std::uint64_t n) const {
    for (const Ending& one : endings) {
      if (one.ticket.serial == n)
        return one.how == Ending::How::confirmed ? "confirmed" : one.how == Ending::How::failed ? "failed" : "unknown";
    }
    for (const Ordered& one : read) {
      if (one.ticket.serial == n && one.ticket.thread != Ticket::nobody && one.confirmed) return "confirmed";
    }
    return "";
  }
  std::size_t ended() const {
    std::size_t count = endings.size();
    for (const Ordered& one : read) count += one.ticket.thread != Ticket::nobody && one.confirmed ? 1 : 0;
    return count;
  }
  // "a b c": the keys in their order.
  std::string keys() const {
    std::string text;
    for (const Ordered& one : read) {
      if (one.command.record) text += (text.empty() ? "" : " ") + std::string(one.command.record->key());
    }
    return text;
  }
  BusStart resume() const {
    return {log_id, read.empty() ? no_revision : read.back().place, read.empty() ? LogTime{} : read.back().time,
            bookmark};
  }
  std::uint64_t ignored(KafkaIgnored::Reason reason) const { return bus.ignored().count(reason); }

 private:
  void keep(Ordered&& one) {
    if (!read.empty()) {
      BOOST_TEST(number(one.place) > number(read.back().place));
      BOOST_TEST((one.time >= read.back().time));
    }
    read.push_back(std::move(one));
  }
  asio::io_context& io_;

 public:
  KafkaBus bus;
  LogId log_id{};
  std::vector<Ordered> read;
  std::vector<Ending> endings;
  std::string bookmark;
  std::uint64_t published = 0;
  bool last = false;
};

}  // namespace kvs::test
