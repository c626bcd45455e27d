#include "kvs/bus/local_bus.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <thread>

#include "test/unit/drive.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr LogTime at(int ms) { return LogTime{std::chrono::milliseconds(ms)}; }

Command command(std::string_view key, std::size_t value_size = 0) {
  Command made;
  made.record = Record::make(key, std::string(value_size, 'v'));
  return made;
}

struct Fixture {
  asio::io_context io;
  LogTime now = at(1000);
  LocalBus::Clock::time_point steady{};
  LocalBus bus;

  explicit Fixture(LocalBusLimits limits = {}) : bus(limits, [this] { return now; }, [this] { return steady; }) {}
  LogId log_id{};
  Fixture& start(BusStart from = {}) {
    log_id = run(io, bus.start(std::move(from), io.get_executor()));
    return *this;
  }
  void publish(std::initializer_list<std::string_view> keys) {
    for (auto key : keys) BOOST_TEST((bus.publish(command(key), {}) == PublishResult::accepted));
    bus.flush();
  }
  Batch next() { return run(io, bus.next()); }
};

LocalBusLimits batches_of(std::size_t commands) {
  LocalBusLimits limits;
  limits.batch_commands = commands;
  return limits;
}

// "a@1 b@2 "
std::string text(const Batch& batch) {
  std::string all;
  for (const Ordered& one : batch.commands) {
    all += std::string(one.command.record->key()) + '@' + std::to_string(number(one.place)) + ' ';
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(local_bus)

BOOST_AUTO_TEST_CASE(the_history_of_another_bus_is_not_gone_on_with) {
  Fixture f;
  BusStart from;
  from.log_id = LogId{7};
  from.revision = Revision{5};
  from.bookmark = "of another bus";
  BOOST_CHECK_THROW(f.start(from), BusBroken);
  BOOST_TEST(!f.bus.up());
}

BOOST_AUTO_TEST_CASE(commands_come_out_in_the_order_they_were_published_at_places_that_rise_from_one) {
  Fixture f;
  f.start().publish({"a", "b", "c"});
  BOOST_TEST(text(f.next()) == "a@1 b@2 c@3 ");
}

BOOST_AUTO_TEST_CASE(places_go_on_from_batch_to_batch) {
  Fixture f;
  f.start().publish({"a", "b"});
  f.next();
  f.publish({"c"});
  BOOST_TEST(text(f.next()) == "c@3 ");
}

BOOST_AUTO_TEST_CASE(places_go_on_after_the_revision_the_bus_was_started_from) {
  Fixture f;
  f.start({{}, Revision{41}, {}, {}}).publish({"a"});
  BOOST_TEST(text(f.next()) == "a@42 ");
}

BOOST_AUTO_TEST_CASE(a_history_keeps_its_name) {
  Fixture f;
  f.start({LogId{77}, Revision{41}, {}, {}});
  BOOST_TEST((f.log_id == LogId{77}));
}

BOOST_AUTO_TEST_CASE(every_new_history_has_a_name_of_its_own) {
  Fixture f, g;
  f.start();
  g.start();
  BOOST_TEST((f.log_id != LogId{}));
  BOOST_TEST((f.log_id != g.log_id));
}

BOOST_AUTO_TEST_CASE(a_ticket_comes_along_with_its_command) {
  Fixture f;
  f.start();
  f.bus.publish(command("a"), {3, 5, 7});
  Batch batch = f.next();
  BOOST_TEST(batch.commands[0].ticket.thread == 3U);
  BOOST_TEST(batch.commands[0].ticket.slot == 5U);
  BOOST_TEST(batch.commands[0].ticket.serial == 7U);
}

BOOST_AUTO_TEST_CASE(log_time_is_the_clocks) {
  Fixture f;
  f.start().publish({"a"});
  BOOST_TEST((f.next().commands[0].time == at(1000)));
}

BOOST_AUTO_TEST_CASE(log_time_stands_still_when_the_clock_goes_back_and_goes_on_when_it_has_caught_up) {
  Fixture f;
  f.start().publish({"a"});
  f.next();
  f.now = at(400);
  f.publish({"b"});
  BOOST_TEST((f.next().commands[0].time == at(1000)));
  f.now = at(1001);
  f.publish({"c"});
  BOOST_TEST((f.next().commands[0].time == at(1001)));
}

BOOST_AUTO_TEST_CASE(log_time_is_never_before_the_one_the_bus_was_started_from) {
  Fixture f;
  f.start({{}, Revision{1}, at(5000), {}}).publish({"a"});
  BOOST_TEST((f.next().commands[0].time == at(5000)));
}

BOOST_AUTO_TEST_CASE(what_collected_while_the_reader_was_busy_is_one_batch) {
  Fixture f;
  f.start().publish({"a"});
  f.next();
  f.publish({"b", "c", "d"});
  BOOST_TEST(text(f.next()) == "b@2 c@3 d@4 ");
}

BOOST_AUTO_TEST_CASE(a_batch_has_no_more_commands_than_allowed) {
  Fixture f(batches_of(2));
  f.start().publish({"a", "b", "c", "d", "e"});
  BOOST_TEST(text(f.next()) == "a@1 b@2 ");
  BOOST_TEST(text(f.next()) == "c@3 d@4 ");
  BOOST_TEST(text(f.next()) == "e@5 ");
}

// A batch of two was handed out, and the reader was busy with it for an hour.
struct Gathering : Fixture {
  explicit Gathering(std::chrono::milliseconds longest) : Fixture(LocalBusLimits{.longest_gathering = longest}) {
    start().publish({"a", "b"});
    next();
    steady += std::chrono::hours(1);
  }
};

BOOST_AUTO_TEST_CASE(after_a_batch_it_waits_for_as_many_as_that_had) {
  Gathering f(std::chrono::hours(1));
  f.publish({"c"});
  Task<Batch> batch(f.io, f.bus.next());
  settle(f.io);
  BOOST_TEST(!batch.done());
  f.publish({"d"});
  settle(f.io);
  BOOST_TEST(text(batch.get()) == "c@3 d@4 ");
}

BOOST_AUTO_TEST_CASE(it_does_not_wait_longer_than_the_limit_for_them) {
  Gathering f(std::chrono::milliseconds(0));
  f.publish({"c"});
  BOOST_TEST(text(f.next()) == "c@3 ");
}

BOOST_AUTO_TEST_CASE(nor_longer_than_half_the_time_the_reader_took) {
  Gathering f(std::chrono::hours(1));
  f.steady -= std::chrono::hours(1);
  f.publish({"c"});
  BOOST_TEST(text(f.next()) == "c@3 ");
}

BOOST_AUTO_TEST_CASE(one_that_writes_alone_is_not_kept_waiting) {
  Gathering f(std::chrono::hours(1));
  f.publish({"c", "d"});
  f.next();
  f.publish({"e"});
  f.steady += std::chrono::hours(1);
  Task<Batch> batch(f.io, f.bus.next());
  settle(f.io);
  BOOST_TEST(!batch.done());
  f.bus.stop();
  settle(f.io);
  BOOST_TEST(text(batch.get()) == "e@5 ");  // a stop ends the wait

  Fixture alone;
  alone.start().publish({"a"});
  alone.next();
  alone.steady += std::chrono::hours(1);
  alone.publish({"b"});
  Task<Batch> next(alone.io, alone.bus.next());
  settle(alone.io);
  BOOST_TEST(text(next.get()) == "b@2 ");
}

BOOST_AUTO_TEST_CASE(a_batch_ends_with_the_command_that_reaches_its_bytes) {
  LocalBusLimits limits;
  limits.batch_bytes = 2 * command("a", 1000).footprint() - 1;
  Fixture f(limits);
  f.start();
  for (auto key : {"a", "b", "c"}) f.bus.publish(command(key, 1000), {});
  BOOST_TEST(text(f.next()) == "a@1 b@2 ");
  BOOST_TEST(text(f.next()) == "c@3 ");
}

BOOST_AUTO_TEST_CASE(a_command_larger_than_a_batch_comes_alone) {
  LocalBusLimits limits;
  limits.batch_bytes = 100;
  Fixture f(limits);
  f.start();
  f.bus.publish(command("large", 10'000), {});
  f.publish({"b"});
  BOOST_TEST(text(f.next()) == "large@1 ");
  BOOST_TEST(text(f.next()) == "b@2 ");
}

BOOST_AUTO_TEST_CASE(publishing_says_full_when_too_many_commands_wait_and_accepts_again_after_the_next_batch) {
  LocalBusLimits limits;
  limits.waiting_commands = 2;
  Fixture f(limits);
  f.start().publish({"a", "b"});
  BOOST_TEST((f.bus.publish(command("c"), {}) == PublishResult::full));
  BOOST_TEST(text(f.next()) == "a@1 b@2 ");
  f.publish({"c"});
  BOOST_TEST(text(f.next()) == "c@3 ");
}

BOOST_AUTO_TEST_CASE(publishing_says_full_when_too_many_bytes_wait_and_accepts_again_after_the_next_batch) {
  LocalBusLimits limits;
  limits.waiting_bytes = 5000;
  Fixture f(limits);
  f.start();
  BOOST_TEST((f.bus.publish(command("a", 3000), {}) == PublishResult::accepted));
  BOOST_TEST((f.bus.publish(command("b", 3000), {}) == PublishResult::full));
  f.next();
  BOOST_TEST((f.bus.publish(command("b", 3000), {}) == PublishResult::accepted));
}

BOOST_AUTO_TEST_CASE(a_small_command_still_fits_where_a_large_one_does_not) {
  LocalBusLimits limits;
  limits.waiting_bytes = 5000;
  Fixture f(limits);
  f.start();
  f.bus.publish(command("a", 3000), {});
  BOOST_TEST((f.bus.publish(command("b", 3000), {}) == PublishResult::full));
  BOOST_TEST((f.bus.publish(command("b", 100), {}) == PublishResult::accepted));
}

BOOST_AUTO_TEST_CASE(one_command_is_taken_however_large_it_is) {
  LocalBusLimits limits;
  limits.waiting_bytes = 10;
  limits.waiting_commands = 0;
  Fixture f(limits);
  f.start();
  BOOST_TEST((f.bus.publish(command("a", 1000), {}) == PublishResult::accepted));
  BOOST_TEST(text(f.next()) == "a@1 ");
}

BOOST_AUTO_TEST_CASE(the_bus_is_away_before_it_is_started) {
  Fixture f;
  BOOST_TEST((f.bus.publish(command("a"), {}) == PublishResult::away));
  BOOST_TEST(!f.bus.status().up);
}

BOOST_AUTO_TEST_CASE(the_bus_is_up_once_started) {
  Fixture f;
  f.start();
  BOOST_TEST(f.bus.status().up);
  BOOST_TEST(f.bus.status().kind == "local");
}

BOOST_AUTO_TEST_CASE(after_stop_nothing_is_taken_any_more) {
  Fixture f;
  f.start();
  f.bus.stop();
  BOOST_TEST((f.bus.publish(command("a"), {}) == PublishResult::away));
}

BOOST_AUTO_TEST_CASE(after_stop_the_rest_is_handed_out_and_then_a_last_batch) {
  Fixture f(batches_of(2));
  f.start().publish({"a", "b", "c"});
  f.bus.stop();
  BOOST_TEST(text(f.next()) == "a@1 b@2 ");
  Batch rest = f.next();
  BOOST_TEST(text(rest) == "c@3 ");
  BOOST_TEST(!rest.last);
  for (int again = 0; again < 2; ++again) {
    Batch last = f.next();
    BOOST_TEST(text(last) == "");
    BOOST_TEST(last.last);
  }
}

BOOST_AUTO_TEST_CASE(a_reader_waits_until_something_is_published) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  BOOST_TEST(!next.done());
  f.publish({"a"});
  BOOST_TEST(text(next.get()) == "a@1 ");
}

BOOST_AUTO_TEST_CASE(what_is_published_may_lie_until_it_is_flushed_so_that_it_goes_together) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  BOOST_TEST(!next.done());  // it waits
  f.bus.publish(command("a"), {});
  BOOST_TEST(!next.done());
  f.bus.publish(command("b"), {});
  f.bus.flush();
  BOOST_TEST(text(next.get()) == "a@1 b@2 ");
}

BOOST_AUTO_TEST_CASE(stop_hands_out_what_was_not_flushed) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  settle(f.io);
  f.bus.publish(command("a"), {});
  f.bus.stop();
  BOOST_TEST(text(next.get()) == "a@1 ");
}

BOOST_AUTO_TEST_CASE(flushing_nothing_wakes_nobody) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  settle(f.io);
  f.bus.flush();
  BOOST_TEST(settle(f.io) == 0U);
}

BOOST_AUTO_TEST_CASE(stop_wakes_a_waiting_reader) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  BOOST_TEST(!next.done());
  f.bus.stop();
  BOOST_TEST(text(next.get()) == "");
}

BOOST_AUTO_TEST_CASE(a_publisher_on_another_thread_wakes_a_waiting_reader) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  BOOST_TEST(!next.done());
  std::jthread publisher([&] {
    f.bus.publish(command("a"), {});
    f.bus.flush();
  });
  BOOST_TEST(text(next.get()) == "a@1 ");
}

BOOST_AUTO_TEST_CASE(stop_on_another_thread_wakes_a_waiting_reader) {
  Fixture f;
  f.start();
  Task<Batch> next(f.io, f.bus.next());
  BOOST_TEST(!next.done());
  std::jthread stopper([&] { f.bus.stop(); });
  BOOST_TEST(text(next.get()) == "");
}

BOOST_AUTO_TEST_CASE(of_many_publishing_threads_nothing_is_lost_and_each_keeps_its_order) {
  constexpr std::uint32_t threads = 4, each = 2000;
  Fixture f;
  f.start();
  std::vector<std::jthread> publishers;
  for (std::uint32_t thread = 0; thread < threads; ++thread) {
    publishers.emplace_back([&f, thread] {
      for (std::uint32_t n = 0; n < each; ++n) {
        f.bus.publish(command("k"), {thread, n, n});
        f.bus.flush();
      }
    });
  }
  std::map<std::uint32_t, std::uint32_t> seen;
  std::uint64_t place = 0;
  bool in_order = true;
  while (place < threads * each) {
    for (const Ordered& one : f.next().commands) {
      in_order = in_order && number(one.place) == ++place && one.ticket.slot == seen[one.ticket.thread]++;
    }
  }
  BOOST_TEST(in_order);
  for (std::uint32_t thread = 0; thread < threads; ++thread) BOOST_TEST(seen[thread] == each);
}

BOOST_AUTO_TEST_SUITE_END()
