#include "kvs/bus/kafka_promotion.hpp"

#include <poll.h>

#include <boost/test/unit_test.hpp>

#include "kvs/bus/kafka_consumer.hpp"
#include "kvs/bus/kafka_history.hpp"
#include "kvs/bus/kafka_record.hpp"
#include "test/unit/bus/kafka_mock.hpp"

namespace kvs {
namespace {

using std::chrono::seconds;

constexpr seconds patience{30};

struct Fixture {
  test::MockKafka kafka;
  KafkaOptions options;
  TopicDescription topic;

  Fixture() {
    options.brokers = kafka.brokers();
    options.instance = "ada";
    topic.exists = true;
    topic.leader = 1;
    topic.settings = {{"max.message.bytes", "8388608"}};
  }

  static NewRecord record(std::uint64_t revision, std::string_view key, std::string_view value) {
    NewRecord made = Record::make(key, value, "text/x-" + std::string(key));
    made->stamp(Revision{revision}, Revision{revision}, 1, LogTime{});
    return made;
  }

  // The commands of so many records from this offset on.
  std::vector<Command> commands_from(std::int64_t offset, std::size_t count) {
    auto wake = std::make_shared<EventFd>();
    KafkaConsumer consumer(options, wake);
    consumer.begin(offset);
    std::vector<Command> found;
    while (found.size() < count) {
      const KafkaMessage* message = consumer.next();
      if (!message) {
        pollfd readable{wake->get(), POLLIN, 0};
        BOOST_REQUIRE(::poll(&readable, 1, std::chrono::milliseconds(patience).count()) == 1);
        wake->clear();
        continue;
      }
      BOOST_REQUIRE((message->kind == KafkaMessage::Kind::record));
      auto decoded = decode_record(message->record, options.max_command_bytes);
      auto* ours = std::get_if<StampedCommand>(&decoded);
      BOOST_REQUIRE(ours != nullptr);
      found.push_back(std::move(ours->command));
    }
    return found;
  }

  // The topic as it is after `records` were written to it.
  TopicDescription holding(std::int64_t records) const {
    TopicDescription now = topic;
    now.end = records;
    return now;
  }
};

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const KafkaError& error) {
    return error.what();
  }
  return "no refusal";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kafka_promotion, Fixture)

BOOST_AUTO_TEST_CASE(the_open_record_names_the_log_and_so_does_every_set) {
  KafkaPromotion promotion(options, topic, patience);
  promotion.set(*record(3, "a", "1"));
  promotion.set(*record(9, "b", ""));
  promotion.finish();
  BOOST_TEST((promotion.log_id() != LogId{}));
  BOOST_TEST((find_log_id(options, holding(3), patience) == promotion.log_id()));
  BOOST_TEST((find_log_id(options, holding(1), patience) == promotion.log_id()));  // of the open record alone
}

BOOST_AUTO_TEST_CASE(a_key_keeps_its_content_type_and_what_is_left_of_its_time) {
  using std::chrono::hours;
  auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  NewRecord expiring = Record::make_expiring("a", 1, "text/plain");
  expiring->value_buffer()[0] = '1';
  expiring->stamp(Revision{3}, Revision{3}, 1, LogTime{}, now + hours{1});
  NewRecord late = Record::make_expiring("b", 0);
  late->stamp(Revision{4}, Revision{4}, 1, LogTime{}, now - hours{1});
  KafkaPromotion promotion(options, topic, patience);
  promotion.set(*expiring);
  promotion.set(*late);
  promotion.set(*record(5, "c", "3"));
  promotion.finish();
  std::vector<Command> sets = commands_from(1, 3);
  BOOST_TEST(sets[0].record->key() == "a");
  BOOST_TEST(sets[0].record->value() == "1");
  BOOST_TEST(sets[0].record->content_type() == "text/plain");
  BOOST_TEST((sets[0].ttl <= hours{1}));
  BOOST_TEST((sets[0].ttl > std::chrono::minutes{50}));
  BOOST_TEST(sets[1].ttl.count() == 1);
  BOOST_TEST(sets[2].ttl.count() == 0);
}

BOOST_AUTO_TEST_CASE(two_promotions_make_two_histories) {
  KafkaPromotion first(options, topic, patience);
  first.finish();
  options.topic = "another";
  kafka.create_topic("another");
  KafkaPromotion second(options, topic, patience);
  second.finish();
  BOOST_TEST((first.log_id() != second.log_id()));
}

BOOST_AUTO_TEST_CASE(a_topic_that_was_ever_written_to_is_refused) {
  topic.begin = topic.end = 7;
  BOOST_TEST(has(refusal([&] { KafkaPromotion(options, topic, patience); }), "is not empty (7 records"));
  topic.end = 0;
  topic.leader.reset();
  BOOST_TEST(has(refusal([&] { KafkaPromotion(options, topic, patience); }), "no leader"));
}

BOOST_AUTO_TEST_CASE(somebody_who_writes_meanwhile_is_noticed) {
  KafkaPromotion promotion(options, topic, patience);
  promotion.set(*record(3, "a", "1"));
  kafka.write("b", "2");
  promotion.set(*record(4, "c", "3"));
  BOOST_TEST(has(refusal([&] { promotion.finish(); }), "somebody else has written"));
}

BOOST_AUTO_TEST_CASE(a_record_that_is_too_large_for_the_topic_is_refused) {
  topic.settings["max.message.bytes"] = "10000";
  KafkaPromotion promotion(options, topic, patience);
  BOOST_TEST(has(refusal([&] { promotion.set(*record(42, "a", std::string(20'000, 'x'))); }),
                 "the key of revision 42 is larger than the topic allows"));
}

BOOST_AUTO_TEST_CASE(brokers_that_acknowledge_nothing_are_not_waited_for_for_ever) {
  kafka.down();
  KafkaPromotion promotion(options, topic, std::chrono::milliseconds{300});
  BOOST_TEST(has(refusal([&] { promotion.finish(); }), "acknowledges nothing any more"));
}

BOOST_AUTO_TEST_CASE(without_a_history_of_ours_there_is_no_log_id) {
  BOOST_TEST(!find_log_id(options, topic, patience));
  kafka.write("b", "2");
  BOOST_TEST(!find_log_id(options, holding(1), patience));
}

BOOST_AUTO_TEST_CASE(a_log_id_is_found_among_many_records_of_others) {
  KafkaPromotion promotion(options, topic, patience);
  promotion.finish();
  for (int n = 0; n < 60; ++n) kafka.write("b", "2");
  BOOST_TEST((find_log_id(options, holding(61), patience) == promotion.log_id()));
}

BOOST_AUTO_TEST_CASE(a_probe_is_read_back_and_is_nobodys) {
  BOOST_TEST(!probe_topic(options, topic, patience));
  KafkaPromotion promotion(options, topic, patience);
  promotion.finish();
  auto probe = probe_topic(options, holding(1), patience);
  BOOST_REQUIRE(probe.has_value());
  BOOST_TEST(probe->offset == 1);
  BOOST_TEST((probe->received >= probe->sent));
  BOOST_TEST((find_log_id(options, holding(2), patience) == promotion.log_id()));
}

BOOST_AUTO_TEST_CASE(a_reader_does_not_wait_for_ever_either) {
  kafka.down();
  BOOST_TEST(has(refusal([&] { find_log_id(options, holding(1), std::chrono::milliseconds{300}); }), "in time"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
