#include "kvs/bus/kafka_producer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include "test/unit/bus/kafka_bus_fixture.hpp"
#include "test/unit/bus/kafka_records.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture {
  MockKafka kafka;
  std::shared_ptr<EventFd> wake = std::make_shared<EventFd>();
  std::string why;
  ProducerNews news;

  KafkaOptions options() const {
    KafkaOptions options = kvs::test::options(kafka, "a");
    options.extra.push_back({"topic.metadata.propagation.max.ms", "0", "test"});  // what is missing is missing
    return options;
  }
  void wait_for_reports(KafkaProducer& producer, std::size_t count) {
    while (news.reports.size() < count) {
      pollfd fd{wake->get(), POLLIN, 0};
      BOOST_REQUIRE(::poll(&fd, 1, 20'000) == 1);
      wake->clear();
      producer.take(news);
    }
  }
};

// The threads of this process by which clients of librdkafka talk to the mock's broker.
std::set<pid_t> broker_threads() {
  std::set<pid_t> threads;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (name == "rdk:broker1") threads.insert(std::stoi(task.path().filename()));
  }
  return threads;
}

struct WithThread : Fixture {
  std::set<pid_t> others = broker_threads();
  std::optional<KafkaProducer> producer;
  pid_t thread = 0;  // that talks to the broker

  explicit WithThread(int policy = SCHED_OTHER) {
    schedule_this_thread(policy);  // its threads inherit it
    producer.emplace(options(), 1'000'000, wake);
    test::OwnRecord record = encoded(a_set("k", "v"));
    producer->produce(record.view(), 1, why);
    wait_for_reports(*producer, 1);
    schedule_this_thread(SCHED_OTHER);
    for (pid_t each : broker_threads()) {
      if (!others.contains(each)) thread = each;
    }
    BOOST_REQUIRE(thread != 0);
  }

  static void schedule_this_thread(int policy) {
    const sched_param none{};
    BOOST_REQUIRE(::sched_setscheduler(0, policy, &none) == 0);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_producer)

BOOST_AUTO_TEST_CASE(the_thread_that_talks_to_the_broker_is_patient_for_a_while) {
  WithThread f;
  BOOST_TEST(::sched_getscheduler(f.thread) == SCHED_OTHER);
  {
    KafkaThreads::Patience patience(f.producer->threads());
    BOOST_TEST(::sched_getscheduler(f.thread) == SCHED_BATCH);
    BOOST_TEST(::sched_getscheduler(0) == SCHED_OTHER);
  }
  BOOST_TEST(::sched_getscheduler(f.thread) == SCHED_OTHER);
}

BOOST_AUTO_TEST_CASE(threads_keep_the_policy_the_program_was_given) {
  WithThread f(SCHED_BATCH);
  {
    KafkaThreads::Patience patience(f.producer->threads());
  }
  BOOST_TEST(::sched_getscheduler(f.thread) == SCHED_BATCH);
}

BOOST_AUTO_TEST_CASE(a_thread_without_a_connection_is_let_alone) {
  KafkaThreads threads;
  const int socket = threads.open_socket(AF_INET, SOCK_STREAM, 0);
  BOOST_REQUIRE(socket >= 0);
  {
    KafkaThreads::Patience patience(threads);
    BOOST_TEST(::sched_getscheduler(0) == SCHED_BATCH);
  }
  BOOST_TEST(threads.close_socket(socket) == 0);
  BOOST_TEST(::fcntl(socket, F_GETFD) == -1);
  {
    KafkaThreads::Patience patience(threads);
    BOOST_TEST(::sched_getscheduler(0) == SCHED_OTHER);
  }
}

BOOST_FIXTURE_TEST_CASE(a_producer_that_cannot_be_made_says_why, Fixture) {
  KafkaOptions options = Fixture::options();
  options.extra.push_back({"security.protocol", "ssl", "test"});
  options.extra.push_back({"ssl.ca.location", "/nonexistent", "test"});
  auto names_the_setting = [](const KafkaConfigError& error) {
    return std::string_view(error.what()).find("ssl.ca.location") != std::string_view::npos;
  };
  BOOST_CHECK_EXCEPTION(KafkaProducer(options, 1'000'000, wake), KafkaConfigError, names_the_setting);
}

BOOST_FIXTURE_TEST_CASE(each_record_is_reported_with_its_tag, Fixture) {
  KafkaProducer producer(options(), 1'000'000, wake);
  test::OwnRecord record = encoded(a_set("k", "v", "text/plain"));
  for (std::uint64_t tag : {7U, 8U, 9U}) {
    BOOST_TEST((producer.produce(record.view(), tag, why) == KafkaProducer::Result::taken));
  }
  wait_for_reports(producer, 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    BOOST_TEST(news.reports[i].tag == 7 + i);
    BOOST_TEST(news.reports[i].ok);
  }
}

// The library must neither take nor free what it was given then.
BOOST_FIXTURE_TEST_CASE(a_record_for_a_topic_that_is_gone_is_not_taken, Fixture) {
  kafka.deny_topic(true);
  KafkaProducer producer(options(), 1'000'000, wake);
  test::OwnRecord record = encoded(a_set("k", "v", "text/plain"));
  producer.produce(record.view(), 1, why);
  wait_for_reports(producer, 1);
  BOOST_TEST(!news.reports[0].ok);
  BOOST_TEST(!news.error.empty());
  BOOST_TEST((producer.produce(record.view(), 2, why) == KafkaProducer::Result::failed));
  BOOST_TEST(!why.empty());
}

BOOST_FIXTURE_TEST_CASE(what_is_given_up_is_reported_as_not_ok, Fixture) {
  KafkaProducer producer(options(), 1'000'000, wake);
  kafka.down();
  test::OwnRecord record = encoded(a_set("k", "v"));
  for (std::uint64_t tag = 1; tag <= 100; ++tag) producer.produce(record.view(), tag, why);
  producer.give_up(news);
  BOOST_TEST(news.reports.size() == 100U);
  for (const DeliveryReport& report : news.reports) BOOST_TEST(!report.ok);
}

BOOST_FIXTURE_TEST_CASE(a_record_above_the_topics_bound_is_too_large, Fixture) {
  KafkaProducer producer(options(), 10'000, wake);
  test::OwnRecord record = encoded(a_set("k", std::string(10'000, 'v')));
  BOOST_TEST((producer.produce(record.view(), 1, why) == KafkaProducer::Result::too_large));
}

BOOST_AUTO_TEST_SUITE_END()
