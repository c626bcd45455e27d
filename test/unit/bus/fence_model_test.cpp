// Processes of a few names that start, die, are started twice and write through a network that is late and doubles: the
// fence against the rule it stands for, spelled out over the whole history each time.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

#include "kvs/bus/fence.hpp"

using namespace kvs;

namespace {

struct Written {
  bool opens;
  std::string instance;
  std::uint64_t nonce;
  std::uint32_t attempt;  // of an open record
  std::uint64_t epoch;    // of a command, as is `sequence`
  std::uint64_t sequence;
};

// The rule, from the topic alone: no table.
class Rule {
 public:
  // Whether the record that comes next counts.
  bool next(const Written& record) {
    bool counts = record.opens ? open_counts(record) : command_counts(record);
    topic_.push_back({record, counts});
    return counts;
  }
  std::uint64_t place() const { return topic_.size(); }

 private:
  struct Placed {
    Written record;
    bool counted;
  };

  bool open_counts(const Written& record) const {
    auto newest = newest_open(record.instance);
    if (newest == 0) return true;
    const Written& before = topic_[newest - 1].record;
    return before.nonce != record.nonce || record.attempt > before.attempt;
  }
  bool command_counts(const Written& record) const {
    auto newest = newest_open(record.instance);
    if (newest == 0 || record.epoch != newest) return false;
    return std::none_of(topic_.begin() + static_cast<std::ptrdiff_t>(newest), topic_.end(), [&](const Placed& one) {
      return one.counted && !one.record.opens && one.record.instance == record.instance &&
             one.record.sequence >= record.sequence;
    });
  }
  // The place of the newest open record that counted; 0: none.
  std::uint64_t newest_open(const std::string& instance) const {
    for (auto place = topic_.size(); place > 0; --place) {
      const Placed& one = topic_[place - 1];
      if (one.counted && one.record.opens && one.record.instance == instance) return place;
    }
    return 0;
  }

  std::vector<Placed> topic_;
};

struct Process {
  std::string instance;
  std::uint64_t nonce;
  std::uint32_t attempt = 0;
  std::uint64_t epoch = 0;  // 0: not opened yet
  std::uint64_t sequence = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed) {}

  void step() {
    auto dice = random_() % 100;
    if (processes_.empty() || dice < 4) return start();
    if (dice < 6) return die();
    if (dice < 9) return open(any());
    if (dice < 45) return write(any());
    if (dice < 47) return carry_over();
    arrive();
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  Process& any() { return processes_[below(processes_.size())]; }

  void start() {
    processes_.push_back({"instance-" + std::to_string(below(3)), ++nonces_});
    open(processes_.back());
  }
  void die() { processes_.erase(processes_.begin() + static_cast<std::ptrdiff_t>(below(processes_.size()))); }
  void open(Process& process) { send({true, process.instance, process.nonce, ++process.attempt, 0, 0}); }
  void write(Process& process) {
    if (process.epoch != 0) send({false, process.instance, process.nonce, 0, process.epoch, ++process.sequence});
  }
  void send(const Written& record) {
    under_way_.push_back(record);
    if (below(10) == 0) under_way_.push_back(record);  // an acknowledgement was lost, and it was sent again
  }

  // An instance is restarted, or sent a snapshot: its table travels as bytes.
  void carry_over() {
    std::string bytes;
    fence_.encode(bytes);
    CheckedReader in(bytes);
    auto carried = Fence::decode(in);
    BOOST_REQUIRE(carried && in.at_end());
    BOOST_REQUIRE((*carried == fence_));
    fence_ = std::move(*carried);
  }

  // The oldest under way, as a rule; now and then any.
  void arrive() {
    if (under_way_.empty()) return;
    auto chosen = under_way_.begin() + static_cast<std::ptrdiff_t>(below(4) == 0 ? below(under_way_.size()) : 0);
    Written record = *chosen;
    under_way_.erase(chosen);
    bool expected = rule_.next(record);
    BOOST_REQUIRE_EQUAL(take(record, Revision{rule_.place()}), expected);
    if (expected) counted(record);
  }
  bool take(const Written& record, Revision place) {
    auto log_id = fence_.log_id();
    if (record.opens)
      return fence_.open({{}, record.instance, record.nonce, record.attempt}, place, {}) == Opening::counts;
    Stamp stamp{log_id.value_or(LogId{1}), record.instance, Revision{record.epoch}, record.sequence};
    return fence_.admit(stamp, place, {}) == Admission::counts;
  }

  void counted(const Written& record) {
    if (!record.opens) {
      bool first = seen_.insert({record.nonce, record.epoch, record.sequence}).second;
      BOOST_REQUIRE_MESSAGE(first, "a command counts twice");
      return;
    }
    for (Process& process : processes_) {
      if (process.nonce == record.nonce) process.epoch = rule_.place(), process.sequence = 0;
    }
  }

  std::mt19937_64 random_;
  std::uint64_t nonces_ = 0;
  std::vector<Process> processes_;
  std::vector<Written> under_way_;
  Rule rule_;
  Fence fence_;
  std::set<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> seen_;

 public:
  std::size_t commands() const { return seen_.size(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fence_model)

BOOST_AUTO_TEST_CASE(whatever_the_network_does_the_fence_follows_the_rule) {
  std::size_t commands = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Simulation simulation(seed);
      for (int n = 0; n < 1000; ++n) simulation.step();
      commands += simulation.commands();
    }
  }
  BOOST_TEST(commands > 1000U);  // or it has tried nothing
}

BOOST_AUTO_TEST_SUITE_END()
