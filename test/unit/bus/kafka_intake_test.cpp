#include "kvs/bus/kafka_intake.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/bus/kafka_records.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::uint64_t our_nonce = 11;
constexpr LogId log_11{our_nonce};

// Instance "one" with nonce 11; what comes is handed to it as one record after the other from offset 0 on.
struct Fixture {
  KafkaIntake intake{{"one", our_nonce}, true, 1000};
  Batch batch;
  std::vector<kvs::OwnRecord> own;
  std::int64_t offset = 0;
  std::int64_t timestamp = 1000;

  KafkaMessage message(const test::OwnRecord& record) const {
    KafkaMessage message;
    message.offset = offset;
    message.timestamp = timestamp;
    message.record = record.view();
    return message;
  }
  Fixture& take(const test::OwnRecord& record) {
    intake.take(message(record), batch, own);
    ++offset;
    return *this;
  }
  Fixture& open(std::string_view instance, std::uint64_t nonce, std::uint32_t attempt = 1,
                std::optional<LogId> log = {}) {
    std::string header;
    return take(test::OwnRecord(encode_open({log, instance, nonce, attempt}, header)));
  }
  Fixture& write(std::string_view instance, std::uint64_t epoch, std::uint64_t sequence) {
    return take(encoded(a_set("k", "v"), {log_11, instance, Revision{epoch}, sequence}));
  }
};

test::OwnRecord foreign(std::string_view key) {
  test::OwnRecord record;
  record.key = key;
  record.value = "v";
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_intake)

BOOST_AUTO_TEST_CASE(a_place_is_the_offset_and_one) {
  Fixture f;
  f.open("one", our_nonce).write("one", 1, 1);
  BOOST_TEST(f.batch.commands.size() == 1U);
  BOOST_TEST(number(f.batch.commands[0].place) == 2U);
}

BOOST_AUTO_TEST_CASE(log_time_is_the_brokers_and_never_goes_back) {
  Fixture f;
  f.take(foreign("a"));
  f.timestamp = 400;
  f.take(foreign("b"));
  f.timestamp = 1001;
  f.take(foreign("c"));
  auto ms = [&](std::size_t i) { return f.batch.commands[i].time.time_since_epoch().count(); };
  BOOST_TEST(ms(0) == 1000);
  BOOST_TEST(ms(1) == 1000);
  BOOST_TEST(ms(2) == 1001);
}

BOOST_AUTO_TEST_CASE(log_time_never_goes_behind_the_one_it_was_started_with) {
  Fixture f;
  BusStart from;
  from.time = LogTime{std::chrono::milliseconds{5000}};
  f.intake.resume(from);
  f.take(foreign("a"));
  BOOST_TEST(f.batch.commands[0].time.time_since_epoch().count() == 5000);
}

// All instances must agree on it, whichever of them was started anew where.
BOOST_AUTO_TEST_CASE(log_time_does_not_go_back_with_a_restart_either) {
  Fixture f;
  f.open("one", our_nonce);
  f.timestamp = 3000;
  f.take(foreign("a"));
  f.timestamp = 2500;  // another broker leads
  f.take(foreign("b"));
  Fixture again;
  again.intake.resume({log_11, no_revision, {}, f.intake.bookmark()});
  again.timestamp = 2600;
  again.take(foreign("c"));
  BOOST_TEST(again.batch.commands[0].time.time_since_epoch().count() == 3000);
}

BOOST_AUTO_TEST_CASE(a_log_time_is_always_one_that_a_time_to_live_can_be_added_to) {
  Fixture f;
  f.timestamp = INT64_MIN;
  f.take(foreign("a"));
  f.timestamp = INT64_MAX;
  f.take(foreign("b"));
  BOOST_TEST(f.batch.commands[0].time.time_since_epoch().count() == 0);
  BOOST_TEST(f.batch.commands[1].time.time_since_epoch().count() == 253'055'232'000'000);
}

BOOST_AUTO_TEST_CASE(records_of_ours_are_told_apart_with_their_place_in_the_batch) {
  Fixture f;
  f.open("one", our_nonce).open("two", 22, 1, log_11).write("two", 2, 1).write("one", 1, 1);
  BOOST_TEST(f.own.size() == 2U);
  BOOST_TEST(f.own[0].sequence == 0U);
  BOOST_TEST(number(f.own[0].epoch) == 1U);
  BOOST_TEST(f.own[1].sequence == 1U);
  BOOST_TEST(f.own[1].index == 1U);
}

BOOST_AUTO_TEST_CASE(an_older_process_of_our_name_is_no_matter_before_we_have_opened) {
  Fixture f;
  f.open("two", number(log_11)).open("one", 99, 1, log_11).write("one", 2, 1);
  BOOST_TEST(f.batch.commands.size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_process_of_our_name_after_we_have_opened_is_the_end_and_leaves_the_bookmark_alone) {
  Fixture f;
  f.open("one", our_nonce).write("one", 1, 1);
  std::string before = f.intake.bookmark();
  BOOST_CHECK_THROW(f.open("one", 99, 1, log_11), BusBroken);
  BOOST_TEST((f.intake.bookmark() == before));
  BOOST_TEST(f.batch.commands.size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_process_of_our_name_in_another_log_is_no_matter) {
  Fixture f;
  f.open("one", our_nonce).open("one", 99, 1, LogId{4711}).write("one", 1, 1);
  BOOST_TEST(f.batch.commands.size() == 1U);
  BOOST_TEST(f.intake.ignored().count(KafkaIgnored::Reason::other_log) == 1U);
}

BOOST_AUTO_TEST_CASE(a_log_with_another_name_than_the_journals_is_the_end_and_leaves_the_bookmark_alone) {
  Fixture f;
  BusStart from;
  from.log_id = LogId{4711};
  f.intake.resume(from);
  std::string before = f.intake.bookmark();
  BOOST_CHECK_THROW(f.open("two", 22), BusBroken);
  BOOST_TEST((f.intake.bookmark() == before));
}

BOOST_AUTO_TEST_CASE(a_record_of_a_newer_format_is_the_end_and_says_where) {
  Fixture f;
  f.open("one", our_nonce);
  test::OwnRecord newer = encoded(a_set("k", "v"), {log_11, "one", Revision{1}, 1});
  (*newer.kvs)[4] = static_cast<char>(kafka_format_version + 1);
  newer.seal();
  BOOST_CHECK_EXCEPTION(f.take(newer), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("offset 1") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_damaged_record_is_skipped_and_counted_and_moves_the_place) {
  Fixture f;
  test::OwnRecord damaged = encoded(a_set("k", "v"), {log_11, "one", Revision{1}, 1});
  damaged.value = "w";
  f.open("one", our_nonce).take(damaged).write("one", 1, 2);
  BOOST_TEST(f.batch.commands.size() == 1U);
  BOOST_TEST(f.intake.ignored().count(KafkaIgnored::Reason::malformed) == 1U);
  BOOST_TEST(f.intake.next_offset() == 3);
}

BOOST_AUTO_TEST_CASE(doubled_and_fenced_records_are_counted_by_reason) {
  Fixture f;
  f.open("one", our_nonce).write("one", 1, 1).write("one", 1, 1).write("three", 1, 1).write("one", 9, 2);
  BOOST_TEST(f.batch.commands.size() == 1U);
  BOOST_TEST(f.intake.ignored().count(KafkaIgnored::Reason::repeated) == 1U);
  BOOST_TEST(f.intake.ignored().count(KafkaIgnored::Reason::fenced) == 2U);
}

BOOST_AUTO_TEST_CASE(the_record_read_last_is_known_again_after_a_restart_and_no_other_is_taken_for_it) {
  for (const test::OwnRecord& last : {foreign("a"), encoded(a_set("k", "v"), {log_11, "one", Revision{1}, 1})}) {
    Fixture f;
    f.open("one", our_nonce).take(last);
    BusStart from;
    from.log_id = log_11;
    from.bookmark = f.intake.bookmark();
    Fixture again;
    again.intake.resume(from);
    again.offset = 1;
    again.intake.compare(again.message(last));
    BOOST_CHECK_THROW(again.intake.compare(again.message(foreign("b"))), BusBroken);
    again.timestamp = 1001;
    BOOST_CHECK_THROW(again.intake.compare(again.message(last)), BusBroken);
  }
}

BOOST_AUTO_TEST_CASE(what_a_digest_says_of_a_snapshot_is_known_of_its_instance) {
  Fixture f;
  f.open("one", our_nonce).write("one", 1, 1);
  f.take(encoded(a_digest({no_revision, 0, Revision{2}}), {log_11, "one", Revision{1}, 2}));
  BOOST_TEST(number(f.intake.members().at(0).snapshot) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
