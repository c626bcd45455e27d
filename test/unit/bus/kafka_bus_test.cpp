#include "kvs/bus/kafka_bus.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <string>
#include <thread>
#include <vector>

#include "kvs/bus/kafka_topic_rules.hpp"
#include "test/unit/bus/kafka_bus_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

using Reason = KafkaIgnored::Reason;

struct Quiet {
  Quiet() { log::configure(log::Level::error, log::Format::logfmt); }
  ~Quiet() { log::configure(log::Level::info, log::Format::logfmt); }
};

struct Fixture {
  Quiet quiet;
  MockKafka kafka{3};
  asio::io_context io;
};

// Started and up.
struct OneInstance : Fixture {
  Instance a{io, options(kafka, "a")};
  OneInstance() {
    a.start();
    a.until_up();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_bus)

BOOST_FIXTURE_TEST_CASE(what_is_published_comes_by_with_its_ticket_and_an_end, OneInstance) {
  a.publish_all({"x", "y", "z"}).until_settled();
  BOOST_TEST(a.keys() == "x y z");
  for (std::uint64_t n = 1; n <= 3; ++n) {
    BOOST_TEST(a.read[n - 1].ticket.serial == n);
    BOOST_TEST(a.read[n - 1].ticket.thread == 7U);
    BOOST_TEST(a.end_of(n) == "confirmed");
  }
}

BOOST_FIXTURE_TEST_CASE(a_place_is_an_offset_and_one, OneInstance) {
  a.publish_all({"x"}).until_settled();
  BOOST_TEST(number(a.read[0].place) == 2U);  // the open record stands at offset 0
}

BOOST_FIXTURE_TEST_CASE(everything_of_a_command_comes_by, OneInstance) {
  Command command = set("key", "value", "text/plain");
  command.request_id = "request-1";
  command.origin = parse_origin("127.0.0.1:4711");
  command.conditions.push_back({Condition::Kind::revision_in, {Revision{7}, Revision{9}}, ""});
  a.publish(std::move(command));
  a.publish(set("empty", ""));
  a.publish(removal("gone"));
  Command barrier;
  barrier.kind = Command::Kind::barrier;
  a.publish(std::move(barrier));
  a.until_settled();
  const Command& first = a.read[0].command;
  BOOST_TEST(first.record->value() == "value");
  BOOST_TEST(first.record->content_type() == "text/plain");
  BOOST_TEST(first.request_id == "request-1");
  BOOST_TEST(to_string(first.origin) == "127.0.0.1:4711");
  BOOST_TEST(first.conditions.at(0).revisions.size() == 2U);
  BOOST_TEST((a.read[1].command.kind == Command::Kind::set));
  BOOST_TEST(a.read[1].command.record->value() == "");
  BOOST_TEST((a.read[2].command.kind == Command::Kind::remove));
  BOOST_TEST((a.read[3].command.kind == Command::Kind::barrier));
}

BOOST_FIXTURE_TEST_CASE(all_instances_have_one_log_and_one_order, Fixture) {
  Instance a(io, options(kafka, "a"));
  Instance b(io, options(kafka, "b"));
  BOOST_TEST(number(a.start()) == number(b.start()));
  a.until_up();
  b.until_up();
  constexpr std::size_t each = 500;
  {
    std::jthread one([&] {
      for (std::size_t i = 0; i < each; ++i) a.publish(set("a" + std::to_string(i), "v"));
    });
    std::jthread other([&] {
      for (std::size_t i = 0; i < each; ++i) b.publish(set("b" + std::to_string(i), "v"));
    });
  }
  b.until_settled();  // what it has gathered goes when it reads that the brokers have the rest
  a.until_read(2 * each).until_settled();
  b.until_read(2 * each).until_settled();
  BOOST_TEST(a.keys() == b.keys());
  for (std::size_t i = 0; i < 2 * each; ++i) BOOST_REQUIRE(a.read[i].place == b.read[i].place);
}

BOOST_FIXTURE_TEST_CASE(it_is_up_when_everything_that_was_there_has_been_handed_out, OneInstance) {
  a.publish_all({"x", "y", "z"}).until_settled();
  Instance b(io, options(kafka, "b"));
  b.start();
  BOOST_TEST(!b.bus.status().up);
  BOOST_TEST((b.publish(set("early", "")) == PublishResult::away));
  b.until_up();
  BOOST_TEST(b.keys() == "x y z");
}

// One record is all that is fetched at a time here, and enough not to fetch another before it is read: then the client
// library would look again after a second, again and again for minutes.
BOOST_FIXTURE_TEST_CASE(what_is_in_the_log_is_not_waited_for_when_the_client_library_has_stopped_fetching, Fixture) {
  constexpr std::size_t records = 400;
  KafkaOptions one_by_one = options(kafka, "a");
  one_by_one.extra.push_back({"batch.num.messages", "1", {}});
  Instance a(io, one_by_one);
  a.start();
  a.until_up();
  for (std::size_t i = 0; i < records; ++i) a.publish_all({"x"});
  a.until_settled();
  KafkaOptions sparing = options(kafka, "b");
  sparing.extra.push_back({"queued.min.messages", "1", {}});
  KafkaTimings timings = quick();
  timings.ask_every = std::chrono::hours{1};
  Instance b(io, sparing, timings);
  b.start();
  b.until_read(records);
}

BOOST_FIXTURE_TEST_CASE(a_restart_goes_on_behind_the_bookmark, OneInstance) {
  a.publish_all({"x", "y"}).until_settled();
  BusStart from = a.resume();
  a.publish_all({"z"}).until_settled();
  a.stop();
  Instance again(io, options(kafka, "a"));
  BOOST_TEST(number(again.start(from)) == number(a.log_id));
  again.until_up();
  BOOST_TEST(again.keys() == "z");
  BOOST_TEST(again.ended() == 0U);  // nobody waits for it any more
}

BOOST_FIXTURE_TEST_CASE(batches_are_bounded, Fixture) {
  KafkaBusLimits limits;
  limits.batch_commands = 100;
  Instance a(io, options(kafka, "a"), quick(), limits);
  a.start();
  a.until_up();
  for (int i = 0; i < 1000; ++i) a.publish(set(std::to_string(i), "v"));
  while (a.read.size() < 1000) BOOST_TEST(a.next().commands.size() <= 100U);
  a.until_settled();
}

BOOST_FIXTURE_TEST_CASE(a_batch_ends_with_the_command_that_reaches_its_bytes, Fixture) {
  KafkaBusLimits limits;
  limits.batch_bytes = 1000;
  Instance a(io, options(kafka, "a"), quick(), limits);
  a.start();
  a.until_up();
  for (int i = 0; i < 20; ++i) a.publish(set(std::to_string(i), std::string(600, 'v')));
  while (a.read.size() < 20) BOOST_TEST(a.next().commands.size() <= 2U);
}

BOOST_FIXTURE_TEST_CASE(what_waits_is_bounded, Fixture) {
  KafkaBusLimits limits;
  limits.pending.commands = 10;
  Instance a(io, options(kafka, "a"), quick(), limits);
  a.start();
  a.until_up();
  for (int i = 0; i < 10; ++i) BOOST_TEST((a.publish(set("k", "v")) == PublishResult::accepted));
  BOOST_TEST((a.publish(set("k", "v")) == PublishResult::full));
  a.until_settled();
  BOOST_TEST((a.publish(set("k", "v")) == PublishResult::accepted));
}

BOOST_FIXTURE_TEST_CASE(a_command_the_topic_cannot_hold_is_too_large, Fixture) {
  KafkaOptions small = options(kafka, "a");
  small.max_command_bytes = 10'000;
  Instance a(io, small);
  a.start();
  a.until_up();
  BOOST_TEST((a.publish(set("k", std::string(10'000, 'v'))) == PublishResult::too_large));
  BOOST_TEST((a.publish(set("k", std::string(9'000, 'v'))) == PublishResult::accepted));
  a.until_settled();
  BOOST_TEST(a.read.size() == 1U);
}

// Somebody else's records.

BOOST_FIXTURE_TEST_CASE(a_record_of_somebody_else_is_a_set_or_a_delete, OneInstance) {
  kafka.write("x", "1");
  kafka.write("x", std::nullopt);
  a.until_read(2);
  BOOST_TEST((a.read[0].command.kind == Command::Kind::set));
  BOOST_TEST(a.read[0].command.record->value() == "1");
  BOOST_TEST((a.read[1].command.kind == Command::Kind::remove));
  BOOST_TEST(a.ended() == 0U);
}

BOOST_FIXTURE_TEST_CASE(records_of_somebody_else_can_be_ignored, Fixture) {
  KafkaOptions strict = options(kafka, "a");
  strict.foreign = ForeignRecords::ignore;
  Instance a(io, strict);
  a.start();
  a.until_up();
  kafka.write("x", "1");
  a.publish_all({"ours"}).until_settled();
  BOOST_TEST(a.keys() == "ours");
  BOOST_TEST(a.ignored(Reason::foreign) == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_malformed_record_is_skipped_and_counted, OneInstance) {
  kafka.write("x", "1", "kvs", {{"kvs", "what is this?"}});
  a.publish_all({"ours"}).until_settled();
  BOOST_TEST(a.keys() == "ours");
  BOOST_TEST(a.ignored(Reason::malformed) == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_topic_that_others_have_written_to_before_gets_its_name_from_the_first_open_record, Fixture) {
  for (auto key : {"x", "y", "z"}) kafka.write(key, "1");
  Instance a(io, options(kafka, "a"));
  Instance b(io, options(kafka, "b"));
  a.start();
  a.until_up();
  b.start();
  b.until_up();
  BOOST_TEST(a.keys() == "x y z");
  BOOST_TEST(b.keys() == "x y z");
  BOOST_TEST(number(a.log_id) == number(b.log_id));
}

// Trouble.

BOOST_FIXTURE_TEST_CASE(a_lost_acknowledgement_makes_no_second_write, Fixture) {
  KafkaOptions impatient = options(kafka, "a");
  impatient.extra.push_back({"socket.timeout.ms", "300", "test"});
  Instance a(io, impatient);
  a.start();
  a.until_up();
  kafka.delay(1, produce_request, 2000);
  a.publish_all({"x"}).until_settled().until_up();
  a.publish_all({"y"}).until_settled();
  BOOST_TEST(a.keys() == "x y");
  BOOST_TEST(a.ignored(Reason::repeated) == 1U);
  BOOST_TEST(a.end_of(1) == "confirmed");
}

// A success that is known only because the broker has the record already carries no offset.
BOOST_FIXTURE_TEST_CASE(a_place_is_that_of_the_record_and_not_of_its_acknowledgement, Fixture) {
  KafkaOptions impatient = options(kafka, "a");
  impatient.extra.push_back({"socket.timeout.ms", "300", "test"});
  Instance a(io, impatient);
  a.start();
  a.until_up();
  kafka.delay(1, produce_request, 2000);
  kafka.answer_after_delayed(1, produce_request, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
  for (int i = 0; i < 3; ++i) kafka.delay(1, fetch_request, 3000);  // so that the acknowledgement comes first
  a.publish_all({"x"}).until_settled();
  BOOST_TEST(a.end_of(1) == "confirmed");
  BOOST_TEST(number(a.read.at(0).place) == 2U);
  a.until_up().publish_all({"y"}).until_settled();
  BOOST_TEST(number(a.read.at(1).place) == 3U);
}

BOOST_FIXTURE_TEST_CASE(a_late_acknowledgement_confirms_late, OneInstance) {
  kafka.delay(1, produce_request, 200);
  a.publish_all({"x"}).until_read(1);
  BOOST_TEST(!a.read[0].confirmed);
  a.until_settled();
  BOOST_TEST(a.end_of(1) == "confirmed");
  BOOST_TEST(a.read.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(too_few_replicas_for_a_moment_are_waited_for, OneInstance) {
  kafka.answer(produce_request, std::vector(3, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
  a.publish_all({"x"}).until_settled();
  BOOST_TEST(a.keys() == "x");
  BOOST_TEST(a.end_of(1) == "confirmed");
}

BOOST_FIXTURE_TEST_CASE(while_the_brokers_take_nothing_the_bus_is_away, OneInstance) {
  kafka.answer(produce_request, std::vector(100'000, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
  a.publish_all({"x"}).until_away();
  BOOST_TEST(!a.bus.status().detail.empty());
  BOOST_TEST((a.publish(set("y", "")) == PublishResult::away));
  BOOST_TEST(a.end_of(1) == "");
  kafka.answer_well(produce_request);
  a.until_up().until_settled();
  BOOST_TEST(a.end_of(1) == "confirmed");
  a.publish_all({"z"}).until_settled();
  BOOST_TEST(a.keys() == "x z");
}

BOOST_FIXTURE_TEST_CASE(the_leader_moves_and_nothing_is_lost_or_doubled, OneInstance) {
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    if (i % 100 == 50) kafka.lead(1 + (i / 100 + 1) % 3);
    a.until_up();
    a.publish_all({std::to_string(i)});
    expected += (i > 0 ? " " : "") + std::to_string(i);
    if (i % 10 == 0) a.until_settled();
  }
  a.until_settled();
  BOOST_TEST(a.keys() == expected);
}

BOOST_FIXTURE_TEST_CASE(brokers_that_go_away_are_noticed_and_when_they_are_back_everything_goes_on, OneInstance) {
  a.publish_all({"x"}).until_settled();
  kafka.down();
  a.until_away();
  BOOST_TEST((a.publish(set("y", "")) == PublishResult::away));
  BOOST_TEST(!a.bus.status().detail.empty());
  kafka.up();
  a.until_up();
  a.publish_all({"z"}).until_settled();
  BOOST_TEST(a.keys() == "x z");
}

BOOST_FIXTURE_TEST_CASE(what_is_on_its_way_when_the_brokers_go_away_arrives_when_they_are_back, OneInstance) {
  kafka.down();
  a.publish_all({"x"}).until_away();
  BOOST_TEST(a.end_of(1) == "");
  kafka.up();
  a.until_up().until_settled();
  BOOST_TEST(a.keys() == "x");
  BOOST_TEST(a.end_of(1) == "confirmed");
}

BOOST_FIXTURE_TEST_CASE(a_broken_producer_is_replaced_and_what_it_did_not_write_has_failed_for_certain, OneInstance) {
  kafka.answer(produce_request, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  a.publish_all({"x"}).until_settled();
  BOOST_TEST(a.end_of(1) == "failed");
  a.until_up();
  a.publish_all({"y"}).until_settled();
  BOOST_TEST(a.keys() == "y");
}

BOOST_FIXTURE_TEST_CASE(a_batch_the_brokers_refuse_has_failed_for_certain, OneInstance) {
  kafka.answer(produce_request, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  a.publish_all({"x"}).until_settled();
  BOOST_TEST(a.end_of(1) == "failed");
  a.until_up();
  a.publish_all({"y"}).until_settled();
  BOOST_TEST(a.keys() == "y");
}

BOOST_FIXTURE_TEST_CASE(what_is_published_meanwhile_goes_when_the_brokers_have_confirmed_what_is_on_its_way,
                        OneInstance) {
  kafka.delay(1, produce_request, 200);
  a.publish_all({"x"}).until_read(1);
  a.publish_all({"y", "z"});
  BOOST_TEST(a.end_of(1) == "");
  a.until_read(2);
  BOOST_TEST(a.end_of(1) == "confirmed");
  a.until_settled();
  BOOST_TEST(a.keys() == "x y z");
}

BOOST_FIXTURE_TEST_CASE(what_waits_behind_records_that_are_refused_has_failed_for_certain_too, OneInstance) {
  kafka.answer(produce_request, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  a.publish_all({"x", "y"}).until_settled();
  BOOST_TEST(a.end_of(1) == "failed");
  BOOST_TEST(a.end_of(2) == "failed");
  a.until_up().publish_all({"z"}).until_settled();
  BOOST_TEST(a.keys() == "z");
}

BOOST_FIXTURE_TEST_CASE(an_open_record_that_is_not_taken_is_tried_again, Fixture) {
  kafka.answer(produce_request, std::vector(3, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
  Instance a(io, options(kafka, "a"));
  a.start();
  a.until_up();
  a.publish_all({"x"}).until_settled();
  BOOST_TEST(a.keys() == "x");
}

// Why a bus that is not up is not: what /readyz and the status of the server say.
BOOST_FIXTURE_TEST_CASE(an_open_record_that_is_refused_for_ever_is_said_with_the_brokers_reason, Fixture) {
  kafka.answer(produce_request, std::vector(100'000, RD_KAFKA_RESP_ERR_POLICY_VIOLATION));
  Instance a(io, options(kafka, "a"));
  Task<LogId> start(io, a.bus.start({}, io.get_executor()));  // the log has no name yet
  drive_bounded(io, [&] { return a.bus.status().detail.find("Policy violation") != std::string::npos; });
  BOOST_TEST(!a.bus.status().up);
  kafka.answer_well(produce_request);
  drive_bounded(io, [&] { return start.done(); });
  a.log_id = start.get();
  a.until_up().publish_all({"x"}).until_settled();
  BOOST_TEST(a.keys() == "x");
}

BOOST_FIXTURE_TEST_CASE(an_open_record_that_nobody_takes_is_said_though_the_client_library_says_nothing, Fixture) {
  kafka.answer(produce_request, std::vector(100'000, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
  Instance a(io, options(kafka, "a"));
  Task<LogId> start(io, a.bus.start({}, io.get_executor()));  // the log has no name yet
  drive_bounded(io, [&] { return a.bus.status().detail.find("min.insync.replicas") != std::string::npos; });
  BOOST_TEST(!a.bus.status().up);
  kafka.answer_well(produce_request);
  drive_bounded(io, [&] { return start.done(); });
  a.log_id = start.get();
  a.until_up().publish_all({"x"}).until_settled();
  BOOST_TEST(a.keys() == "x");
}

BOOST_FIXTURE_TEST_CASE(a_topic_that_may_not_be_read_is_said_and_read_when_it_may_be, OneInstance) {
  kafka.answer(fetch_request, std::vector(100'000, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
  Task<Batch> next(io, a.bus.next());
  drive_bounded(io, [&] { return a.bus.status().detail.find("authorization") != std::string::npos; });
  kafka.answer_well(fetch_request);
  drive_bounded(io, [&] { return next.done(); });
  a.until_up().publish_all({"x"}).until_settled();
  BOOST_TEST(a.keys() == "x");
}

BOOST_FIXTURE_TEST_CASE(start_waits_for_brokers_and_says_why, Fixture) {
  kafka.down();
  Instance a(io, options(kafka, "a"));
  Task<LogId> start(io, a.bus.start({}, io.get_executor()));
  drive_bounded(io, [&] { return a.bus.status().detail.find("kvs") != std::string::npos; });
  BOOST_TEST(!a.bus.status().up);
  kafka.up();
  drive_bounded(io, [&] { return start.done(); });
  a.log_id = start.get();
  a.until_up();
}

// The end.

BOOST_FIXTURE_TEST_CASE(two_processes_of_one_name_the_older_one_stops, OneInstance) {
  Instance twin(io, options(kafka, "a"));
  twin.start();
  twin.until_up();
  BOOST_CHECK_EXCEPTION(while (true) a.next(), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("--instance") != std::string::npos;
  });
  BOOST_CHECK_THROW(a.next(), BusBroken);
  BOOST_TEST((a.publish(set("x", "")) == PublishResult::away));
  twin.publish_all({"y"}).until_settled();
}

BOOST_FIXTURE_TEST_CASE(what_an_older_process_still_writes_is_ignored_by_everybody, Fixture) {
  Instance a(io, options(kafka, "a"));
  Instance b(io, options(kafka, "b"));
  a.start();
  a.until_up();
  b.start();
  b.until_up();
  Instance twin(io, options(kafka, "a"));
  twin.start();
  twin.until_up();
  a.publish(set("zombie", ""));  // it has not read yet that it was replaced
  twin.publish_all({"x"}).until_settled();
  b.until_read(1);
  a.bus.stop();
  b.publish_all({"y"}).until_settled();
  twin.until_read(2);
  BOOST_TEST(b.keys() == "x y");
  BOOST_TEST(twin.keys() == "x y");
  BOOST_TEST(b.ignored(Reason::fenced) == 1U);
}

BOOST_FIXTURE_TEST_CASE(when_the_order_breaks_what_was_waited_for_is_unknown_and_said_before, OneInstance) {
  Instance twin(io, options(kafka, "a"));
  twin.start();
  twin.until_up();
  a.publish(set("zombie", ""));
  a.until_settled();
  BOOST_TEST(a.end_of(1) == "unknown");
  BOOST_CHECK_THROW(a.next(), BusBroken);
}

// A record in its name and with a later number makes everybody ignore its own.
BOOST_FIXTURE_TEST_CASE(an_instance_whose_records_do_not_count_any_more_opens_anew, OneInstance) {
  a.publish_all({"x"}).until_settled();
  const BusMember me = a.bus.status().members.front();
  std::string header;
  encode_command(set("forged", ""), {a.log_id, "a", me.since, 1'000'000}, header);
  kafka.write("forged", "", "kvs", {{"kvs", header}});
  a.until_read(2);
  a.publish_all({"y"}).until_settled();
  BOOST_TEST(a.end_of(2) == "failed");
  a.until_up().publish_all({"z"}).until_settled();
  BOOST_TEST(a.keys() == "x forged z");
}

// Clients that go on with what they know make the brokers' denial come late; so the connection is cut, too.
BOOST_FIXTURE_TEST_CASE(a_topic_that_is_gone_and_stays_so_is_the_end, OneInstance) {
  kafka.down();
  a.publish_all({"x"}).until_away();
  kafka.deny_topic(true);
  kafka.up();
  a.until_settled();
  BOOST_TEST(a.end_of(1) == "unknown");
  BOOST_CHECK_EXCEPTION(a.next(), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("is not there any more") != std::string::npos;
  });
}

BOOST_FIXTURE_TEST_CASE(a_topic_that_is_denied_for_a_moment_is_waited_for, Fixture) {
  KafkaTimings patient = quick();
  patient.doubt = std::chrono::seconds{50};
  Instance a(io, options(kafka, "a"), patient);
  a.start();
  a.until_up();
  kafka.down();
  a.until_away();
  kafka.deny_topic(true);
  kafka.up();
  Task<Batch> next(io, a.bus.next());
  drive_bounded(io, [&] { return a.bus.status().detail.find("is not there any more") != std::string::npos; });
  kafka.deny_topic(false);
  drive_bounded(io, [&] { return next.done(); });
  BOOST_TEST(a.bus.status().up);
  // The producer may have heard the denial, too: then it takes another epoch, and what was given to this one fails.
  a.until([&] {
    bool confirmed = a.published > 0 && a.end_of(a.published) == "confirmed";
    if (!confirmed && a.ended() >= a.published && a.bus.status().up) a.publish(set("x", ""));
    return confirmed;
  });
  BOOST_TEST(a.keys() == "x");
}

BOOST_FIXTURE_TEST_CASE(a_topic_that_is_not_the_one_the_bookmark_is_of_is_refused, OneInstance) {
  a.publish_all({"x", "y"}).until_settled();
  kafka.create_topic("anew");
  KafkaOptions anew = options(kafka, "b");
  anew.topic = "anew";
  for (int i = 0; i < 5; ++i) kafka.write("k", "v", "anew");
  Instance b(io, anew);
  b.start(a.resume());
  BOOST_CHECK_EXCEPTION(while (true) b.next(), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("made anew") != std::string::npos;
  });
}

BOOST_FIXTURE_TEST_CASE(a_topic_that_ends_before_the_bookmark_is_refused_when_it_stays_so, OneInstance) {
  a.publish_all({"x", "y"}).until_settled();
  kafka.create_topic("anew");
  KafkaOptions anew = options(kafka, "b");
  anew.topic = "anew";
  Instance b(io, anew);
  b.start(a.resume());
  BOOST_CHECK_EXCEPTION(while (true) b.next(), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("ends at offset 0") != std::string::npos;
  });
}

BOOST_FIXTURE_TEST_CASE(another_cluster_is_refused, OneInstance) {
  a.publish_all({"x"}).until_settled();
  MockKafka elsewhere;
  for (int i = 0; i < 5; ++i) elsewhere.write("k", "v");
  Instance b(io, options(elsewhere, "b"));
  b.start(a.resume());
  BOOST_CHECK_EXCEPTION(while (true) b.next(), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("cluster") != std::string::npos;
  });
}

BOOST_FIXTURE_TEST_CASE(another_cluster_without_the_topic_is_told_from_a_topic_that_is_gone, OneInstance) {
  a.publish_all({"x"}).until_settled();
  MockKafka elsewhere;
  elsewhere.deny_topic(true);
  Instance b(io, options(elsewhere, "b"));
  b.start(a.resume());
  BOOST_CHECK_EXCEPTION(while (true) b.next(), BusBroken, [](const BusBroken& error) {
    return std::string(error.what()).find("this is the Kafka cluster") != std::string::npos;
  });
}

BOOST_FIXTURE_TEST_CASE(another_log_than_the_journals_is_refused, OneInstance) {
  Instance b(io, options(kafka, "b"));
  BusStart other;
  other.log_id = LogId{4711};
  b.start(other);
  BOOST_CHECK_THROW(while (true) b.next(), BusBroken);
}

BOOST_FIXTURE_TEST_CASE(a_journal_of_another_bus_is_refused, Fixture) {
  Instance a(io, options(kafka, "a"));
  BusStart local;
  local.log_id = LogId{4711};
  local.revision = Revision{100};
  BOOST_CHECK_THROW(a.start(local), BusBroken);
}

BOOST_FIXTURE_TEST_CASE(stop_waits_for_what_is_on_its_way, OneInstance) {
  a.publish_all({"x", "y"});
  a.stop();
  BOOST_TEST(a.keys() == "x y");
  BOOST_TEST(a.ended() == 2U);
  BOOST_TEST((a.publish(set("z", "")) == PublishResult::away));
  BOOST_TEST(a.next().last);
}

BOOST_FIXTURE_TEST_CASE(stop_does_not_wait_for_ever, OneInstance) {
  kafka.down();
  a.publish(set("x", ""));
  a.stop();
  BOOST_TEST(a.end_of(1) == "unknown");
}

BOOST_FIXTURE_TEST_CASE(stop_ends_a_start_that_waits, Fixture) {
  kafka.down();
  Instance a(io, options(kafka, "a"));
  Task<LogId> start(io, a.bus.start({}, io.get_executor()));
  BOOST_TEST(!start.done());
  a.bus.stop();
  start.get();
  BOOST_TEST(a.next().last);
}

BOOST_FIXTURE_TEST_CASE(stop_on_another_thread_wakes_a_waiting_reader, OneInstance) {
  Task<Batch> next(io, a.bus.next());
  BOOST_TEST(!next.done());
  std::jthread stopper([&] { a.bus.stop(); });
  BOOST_TEST(next.get().last);
}

namespace {

// A topic that somebody changes while an instance runs on it.
struct ChangedTopic : Fixture {
  enum class Now : std::uint8_t { fit, unsafe, unreadable };
  std::atomic<Now> now{Now::fit};

  TopicDescription describe() const {
    TopicDescription topic = no_care().describe(KafkaTopic::Timeout{});
    for (const TopicRule& rule : topic_rules) topic.settings[std::string(rule.name)] = rule.value;
    topic.settings["min.insync.replicas"] = "2";
    topic.settings["max.message.bytes"] = "8388608";
    if (now == Now::unsafe) topic.settings["retention.ms"] = "3600000";
    if (now == Now::unreadable) topic.settings.clear();
    return topic;
  }
  static KafkaTimings often() {
    KafkaTimings timings = quick();
    timings.check_topic_every = std::chrono::milliseconds{20};
    return timings;
  }
  KafkaTopicCare care() const {
    return {[this](KafkaTopic::Timeout, const std::optional<std::string>&) { return describe(); },
            [this](KafkaTopic::Timeout) { return describe(); }};
  }
};

bool refuses(const Instance& a) { return !a.bus.status().writes_refused.empty(); }

Command a_barrier() {
  Command command;
  command.kind = Command::Kind::barrier;
  return command;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_topic_that_becomes_unsafe_takes_no_writes_until_it_is_safe_again, ChangedTopic) {
  Instance a(io, options(kafka, "a"), often(), {}, care());
  a.start();
  a.until_up();
  a.publish_all({"x"}).until_settled();
  now = Now::unsafe;
  a.until([&] { return refuses(a); });
  std::string why = a.bus.status().writes_refused;
  BOOST_TEST(why.find("retention.ms: 3600000") != std::string::npos, why);
  BOOST_TEST(why.find("--add-config retention.ms=-1") != std::string::npos, why);
  BOOST_TEST((a.publish(set("y", "")) == PublishResult::away));
  BOOST_TEST(a.bus.status().up);
  BOOST_TEST((a.publish(a_barrier()) == PublishResult::accepted));  // reads go on
  a.until_settled();
  now = Now::unreadable;
  BOOST_TEST((a.publish(a_barrier()) == PublishResult::accepted));
  a.until_settled();
  BOOST_TEST(refuses(a));
  now = Now::fit;
  a.until([&] { return !refuses(a); });
  a.publish_all({"z"}).until_settled();
  BOOST_TEST(a.keys() == "x z");
}

BOOST_FIXTURE_TEST_CASE(the_status_names_the_instances, OneInstance) {
  Instance b(io, options(kafka, "b"));
  b.start();
  b.until_up();
  b.publish_all({"x"}).until_settled();
  a.until_read(1);
  BOOST_TEST(a.bus.status().members.size() == 2U);
  BusStatus status = b.bus.status();
  BOOST_TEST(status.kind == "kafka");
  BOOST_TEST(status.members.size() == 2U);
  BOOST_TEST(status.members[0].name == "a");
  BOOST_TEST(number(status.members[1].since) == 2U);
  BOOST_TEST(status.lag.value_or(99) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
