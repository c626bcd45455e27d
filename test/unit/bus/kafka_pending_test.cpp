#include "kvs/bus/kafka_pending.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

using namespace kvs;

namespace {

const char* text(Ending::How how) {
  switch (how) {
    case Ending::How::confirmed:
      return "confirmed";
    case Ending::How::failed:
      return "failed";
    case Ending::How::unknown:
      return "unknown";
  }
  return "?";
}

constexpr Ticket ticket(std::uint64_t serial) { return {1, 2, serial}; }

// An instance in its epoch 10, later 20; command n has ticket n and request id "rn". What happens is written down:
// "1 by, confirmed; 2 failed; ".
struct Fixture {
  explicit Fixture(KafkaPendingLimits limits = {}) : pending(limits) {}

  KafkaPending pending;
  Revision epoch{10};
  std::string log;

  Fixture& add(std::uint64_t n, std::size_t bytes = 100) {
    pending.add(epoch, n, ticket(n), "r" + std::to_string(n), bytes);
    return *this;
  }
  Fixture& came_by(std::uint64_t n) {
    std::vector<Ending> endings;
    auto came = pending.came_by(epoch, n, endings);
    log += came.ticket.thread == Ticket::nobody ? "nobody's by" : std::to_string(came.ticket.serial) + " by";
    log += came.confirmed ? ", confirmed; " : "; ";
    return note(endings);
  }
  Fixture& reported(std::uint64_t n, bool ok = true) {
    std::vector<Ending> endings;
    pending.reported(epoch, n, ok, endings);
    return note(endings);
  }
  Fixture& opened(std::uint64_t place) {
    std::vector<Ending> endings;
    epoch = Revision{place};
    pending.opened(epoch, endings);
    return note(endings);
  }
  Fixture& producer_gone() {
    std::vector<Ending> endings;
    pending.producer_gone(endings);
    return note(endings);
  }
  Fixture& stop() {
    std::vector<Ending> endings;
    pending.stop(endings);
    return note(endings);
  }

 private:
  Fixture& note(const std::vector<Ending>& endings) {
    for (const Ending& one : endings) {
      BOOST_TEST(one.request_id == "r" + std::to_string(one.ticket.serial));
      log += std::to_string(one.ticket.serial) + ' ' + text(one.how) + "; ";
    }
    return *this;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(kafka_pending)

BOOST_AUTO_TEST_CASE(reported_and_then_come_by_it_is_confirmed_at_once) {
  BOOST_TEST(Fixture().add(1).reported(1).came_by(1).stop().log == "1 by, confirmed; ");
}

BOOST_AUTO_TEST_CASE(come_by_and_then_reported_it_is_confirmed_later) {
  BOOST_TEST(Fixture().add(1).came_by(1).reported(1).stop().log == "1 by; 1 confirmed; ");
}

BOOST_AUTO_TEST_CASE(come_by_and_then_reported_as_failed_it_is_unknown) {
  BOOST_TEST(Fixture().add(1).came_by(1).reported(1, false).stop().log == "1 by; 1 unknown; ");
}

BOOST_AUTO_TEST_CASE(reported_as_failed_and_then_come_by_it_is_unknown) {
  BOOST_TEST(Fixture().add(1).reported(1, false).came_by(1).stop().log == "1 by; 1 unknown; ");
}

BOOST_AUTO_TEST_CASE(a_failed_report_alone_ends_nothing) {
  Fixture f;
  BOOST_TEST(f.add(1).reported(1, false).log == "");
  BOOST_TEST(f.pending.commands() == 1U);
}

BOOST_AUTO_TEST_CASE(a_newer_open_record_of_ours_makes_failed_what_has_not_come_by) {
  BOOST_TEST(Fixture().add(1).add(2).add(3).reported(2).reported(3, false).opened(20).log ==
             "1 failed; 2 failed; 3 failed; ");
}

BOOST_AUTO_TEST_CASE(what_has_come_by_waits_for_its_report_behind_a_newer_open_record) {
  Fixture f;
  f.add(1).add(2).came_by(1).opened(20);
  BOOST_TEST(f.log == "1 by; 2 failed; ");
  std::vector<Ending> endings;
  f.pending.reported(Revision{10}, 1, true, endings);
  BOOST_TEST(endings.size() == 1U);
  BOOST_TEST((endings[0].how == Ending::How::confirmed));
}

BOOST_AUTO_TEST_CASE(what_came_by_and_lost_its_producer_before_the_report_is_unknown) {
  BOOST_TEST(Fixture().add(1).add(2).came_by(1).producer_gone().log == "1 by; 1 unknown; ");
}

BOOST_AUTO_TEST_CASE(what_lost_its_producer_and_comes_by_after_all_is_unknown_unless_it_was_reported) {
  BOOST_TEST(Fixture().add(1).add(2).reported(2).producer_gone().came_by(1).came_by(2).log ==
             "1 by; 1 unknown; 2 by, confirmed; ");
}

BOOST_AUTO_TEST_CASE(what_belongs_to_the_new_epoch_is_not_touched_by_its_open_record) {
  Fixture f;
  f.opened(20).add(1).opened(20);
  BOOST_TEST(f.log == "");
  BOOST_TEST(f.came_by(1).log == "1 by; ");
}

BOOST_AUTO_TEST_CASE(a_later_one_that_comes_by_makes_failed_what_has_not) {
  BOOST_TEST(Fixture().add(1).add(2).add(3).add(4).came_by(1).came_by(3).log == "1 by; 3 by; 2 failed; ");
}

BOOST_AUTO_TEST_CASE(when_the_instance_stops_all_that_are_left_are_unknown) {
  BOOST_TEST(Fixture().add(1).add(2).add(3).came_by(1).reported(2).reported(3, false).stop().log ==
             "1 by; 1 unknown; 2 unknown; 3 unknown; ");
}

BOOST_AUTO_TEST_CASE(after_the_stop_there_is_nothing_left_to_end) {
  Fixture f;
  f.add(1).add(2).came_by(1).stop();
  f.log.clear();
  f.reported(1).reported(2).came_by(2).opened(20).stop();
  BOOST_TEST(f.log == "nobody's by, confirmed; ");
  BOOST_TEST(f.pending.commands() == 0U);
  BOOST_TEST(f.pending.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(what_an_earlier_process_has_written_comes_by_for_nobody) {
  BOOST_TEST(Fixture().came_by(7).log == "nobody's by, confirmed; ");
}

BOOST_AUTO_TEST_CASE(a_report_of_what_has_ended_says_nothing) {
  BOOST_TEST(Fixture().add(1).opened(20).reported(1).log == "1 failed; ");
  BOOST_TEST(Fixture().add(1).came_by(1).reported(1).reported(1, false).log == "1 by; 1 confirmed; ");
}

BOOST_AUTO_TEST_CASE(a_command_nobody_waits_for_has_no_ending) {
  KafkaPending pending;
  std::vector<Ending> endings;
  for (std::uint64_t n = 1; n <= 3; ++n) pending.add(Revision{10}, n, {}, "", 1);
  BOOST_TEST(!pending.came_by(Revision{10}, 2, endings).confirmed);
  pending.reported(Revision{10}, 2, true, endings);
  pending.stop(endings);
  BOOST_TEST(endings.empty());
  BOOST_TEST(pending.commands() == 0U);
}

BOOST_AUTO_TEST_CASE(it_is_full_with_too_many_commands_whether_they_have_come_by_or_not) {
  Fixture f({2, 1'000'000});
  BOOST_TEST(!f.add(1).pending.full(1));
  BOOST_TEST(f.add(2).pending.full(1));
  BOOST_TEST(f.came_by(1).pending.full(1));
  BOOST_TEST(!f.reported(1).pending.full(1));
}

BOOST_AUTO_TEST_CASE(it_is_full_with_too_many_bytes) {
  Fixture f({100, 250});
  f.add(1, 100);
  BOOST_TEST(!f.pending.full(150));
  BOOST_TEST(f.pending.full(151));
}

BOOST_AUTO_TEST_CASE(one_command_is_always_taken) { BOOST_TEST(!KafkaPending({0, 0}).full(1'000'000)); }

// Every order in which the things that can happen to two commands may happen: their records come by, in the order of
// the topic, unless lost; their reports come, good or bad, or do not; our newer open record comes by, or does not.
BOOST_AUTO_TEST_CASE(in_every_order_of_events_every_command_has_the_end_the_rules_say) {
  enum Event { by_1, by_2, report_1, report_2, open };
  std::vector<int> events{by_1, by_2, report_1, report_2, open};
  std::size_t tried = 0;
  do {
    for (int reports = 0; reports < 4; ++reports) {                               // which are good
      for (std::size_t length = 0; length <= events.size(); ++length, ++tried) {  // then it stops
        Fixture f;
        f.add(1).add(2);
        bool opened = false, by[3] = {}, ended[3] = {};
        int report[3] = {};  // 1 good, 2 bad
        std::string expected;
        auto ends = [&](int n, const char* how) {
          if (!std::exchange(ended[n], true)) expected += std::to_string(n) + ' ' + how + "; ";
        };
        for (std::size_t e = 0; e < length; ++e) {
          int n = events[e] == by_1 || events[e] == report_1 ? 1 : 2;
          switch (events[e]) {
            case by_1:
            case by_2: {
              if (opened || by[2]) break;  // the fence lets nothing through behind either
              std::string mine = std::to_string(n) + (report[n] == 1 ? " by, confirmed; " : " by; ");
              by[n] = true;
              expected += mine;
              if (n == 2 && !by[1]) ends(1, "failed");
              if (report[n] == 1) ended[n] = true;
              if (report[n] == 2) ends(n, "unknown");
              f.came_by(static_cast<std::uint64_t>(n));
              break;
            }
            case report_1:
            case report_2:
              report[n] = (reports >> (n - 1)) % 2 == 0 ? 1 : 2;
              if (by[n]) ends(n, report[n] == 1 ? "confirmed" : "unknown");
              f.reported(static_cast<std::uint64_t>(n), report[n] == 1);
              break;
            case open:
              opened = true;
              for (int one : {1, 2}) {
                if (!by[one]) ends(one, "failed");
              }
              std::vector<Ending> endings;
              f.pending.opened(Revision{20}, endings);
              for (const Ending& one : endings) f.log += std::to_string(one.ticket.serial) + ' ' + text(one.how) + "; ";
              break;
          }
        }
        // Those that have come by are told first; among the orders here that is the order of their numbers.
        for (int one : {1, 2}) {
          if (by[one]) ends(one, "unknown");
        }
        for (int one : {1, 2}) ends(one, "unknown");
        f.stop();
        BOOST_REQUIRE_EQUAL(f.log, expected);
        BOOST_REQUIRE_EQUAL(f.pending.bytes(), 0U);
      }
    }
  } while (std::ranges::next_permutation(events).found);
  BOOST_TEST(tried == 120U * 4 * 6);
}

namespace {

// A topic that drops, and an instance that opens anew now and then: what the rules say of each command, looked at one
// by one. Slow, and with nothing in common with what it checks.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {}

  void step() {
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        return add();
      case 3:
      case 4:
        return come_by();
      case 5:
      case 6:
        return report();
      default:
        if (random_() % 20 == 0) open();
    }
  }
  void finish() {
    std::vector<Ending> endings;
    pending_.stop(endings);
    take(endings);
    for (Command& one : commands_) {
      if (!one.settled) one.expected = "unknown", one.settled = true;
    }
    check();
    BOOST_REQUIRE_EQUAL(pending_.bytes(), 0U);
  }
  std::size_t size() const { return commands_.size(); }

 private:
  struct Command {
    Revision epoch;
    std::uint64_t sequence;
    int report = 0;  // 1 good, 2 bad
    bool by = false;
    bool settled = false;
    std::string expected{}, got{};  // the end
  };

  void add() {
    pending_.add(epoch_, ++sequence_, ticket(commands_.size()), "", 1);
    commands_.push_back({epoch_, sequence_});
  }
  // The next one in the topic, or, if some were lost, one after it.
  void come_by() {
    std::size_t n = next_by_ + (random_() % 10 == 0 ? random_() % 3 : 0);
    if (n >= commands_.size()) return;
    next_by_ = n + 1;
    Command& one = commands_[n];
    std::vector<Ending> endings;
    auto came = pending_.came_by(one.epoch, one.sequence, endings);
    BOOST_REQUIRE_EQUAL(came.ticket.serial, n);
    BOOST_REQUIRE_EQUAL(came.confirmed, one.report == 1);
    if (came.confirmed) one.got += "confirmed";
    take(endings);
    one.by = true;
    if (one.report != 0) settle(one, one.report == 1 ? "confirmed" : "unknown");
    for (std::size_t before = 0; before < n; ++before) lose(commands_[before]);
    check();
  }
  void report() {
    if (commands_.empty()) return;
    std::size_t newest = std::min<std::size_t>(commands_.size(), 20);
    Command& one = commands_[commands_.size() - 1 - random_() % newest];
    if (one.report != 0) return;
    one.report = random_() % 4 == 0 ? 2 : 1;
    std::vector<Ending> endings;
    pending_.reported(one.epoch, one.sequence, one.report == 1, endings);
    take(endings);
    if (one.by) settle(one, one.report == 1 ? "confirmed" : "unknown");
    check();
  }
  void open() {
    epoch_ = Revision{number(epoch_) + 1 + random_() % 5};
    sequence_ = 0;
    std::vector<Ending> endings;
    pending_.opened(epoch_, endings);
    take(endings);
    for (Command& one : commands_) lose(one);
    next_by_ = commands_.size();
    check();
  }

  static void settle(Command& one, const char* how) {
    if (!std::exchange(one.settled, true)) one.expected = how;
  }
  static void lose(Command& one) {
    if (!one.by) settle(one, "failed");
  }
  void take(const std::vector<Ending>& endings) {
    for (const Ending& one : endings) commands_[one.ticket.serial].got += text(one.how);
  }
  void check() {
    for (std::size_t n = 0; n < commands_.size(); ++n) {
      BOOST_REQUIRE_MESSAGE(commands_[n].got == commands_[n].expected,
                            n << ": " << commands_[n].got << " instead of " << commands_[n].expected);
    }
    auto left = std::ranges::count(commands_, false, &Command::settled);
    BOOST_REQUIRE_EQUAL(pending_.commands(), static_cast<std::size_t>(left));
  }

  std::mt19937_64 random_;
  KafkaPending pending_;
  Revision epoch_{1};
  std::uint64_t sequence_ = 0;
  std::size_t next_by_ = 0;
  std::vector<Command> commands_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(whatever_happens_every_command_has_exactly_one_end_and_the_right_one) {
  std::size_t commands = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Model model(seed);
      for (int n = 0; n < 500; ++n) model.step();
      model.finish();
      commands += model.size();
    }
  }
  BOOST_TEST(commands > 1000U);  // or it has tried nothing
}

BOOST_AUTO_TEST_SUITE_END()
