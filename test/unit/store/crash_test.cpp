// Every call that the journal makes is cut, in every way, and what a restart finds is compared with what was
// acknowledged.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "changes.hpp"
#include "faulty_files.hpp"
#include "kvs/store/journal.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::size_t plenty = 1 << 30;

JournalOptions small_files(bool sync) {
  JournalOptions options;
  options.sync = sync;
  options.segment_bytes = 2048;
  options.history_bytes = 6000;
  options.background = false;
  return options;
}

// A store as far as its disk is concerned: it appends, writes snapshots, restarts, and remembers what it said.
class Workload {
 public:
  Workload(FaultyFiles& files, const JournalOptions& options, unsigned seed, bool bus_keeps_log = true)
      : files_(files), options_(options), random_(seed), bus_keeps_log_(bus_keeps_log) {}

  // Ends early when the journal fails: a server would exit.
  void run(int steps) {
    if (!open()) return;
    for (int step = 0; step < steps; ++step) {
      if (!append()) return;
      // Twice one soon after the other, most often with no new segment between them: then nobody else has synced the
      // directory before what the first one replaces is removed.
      if (step % 4 == 3 || step % 8 == 4) snapshot();
      if (!options_.sync && step % 3 == 2 && !sync()) return;
      if (step % 7 == 6 && !open()) return;
    }
  }

  // Starts and compares. False if it could not start.
  bool open() {
    close();
    try {
      journal_.emplace(files_, "/data", options_);
      auto found = journal_->recover();
      journal_->begin(found.log_id.value_or(LogId{7}));
      compare(found);
      return true;
    } catch (const std::system_error& error) {
      BOOST_TEST_INFO(error.what());
    } catch (const OutOfSpace& error) {
      BOOST_TEST_INFO(error.what());
    }
    return false;
  }

  void close() { journal_.reset(); }

  bool append() {
    Changes changes = next_changes();
    unknown_ = changes;
    try {
      journal_->append(changes, position(applied_.size() + 1));
    } catch (const OutOfSpace&) {
      unknown_.reset();
      return true;
    } catch (const std::system_error&) {
      expect_dead();
      return false;
    }
    applied_.push_back(std::move(changes));
    unknown_.reset();
    state_ = with(state_, applied_.back());
    if (options_.sync) durable_ = applied_.size();
    return true;
  }

  bool sync() {
    try {
      journal_->sync();
    } catch (const std::system_error&) {
      expect_dead();
      return false;
    }
    durable_ = applied_.size();
    return true;
  }

  std::size_t applied() const { return applied_.size(); }
  Journal& journal() { return *journal_; }

 private:
  std::string position(std::size_t batch) const { return bus_keeps_log_ ? std::to_string(1000 + batch) : ""; }

  Changes next_changes() {
    Changes changes;
    auto count = 1 + random_() % 3;
    for (unsigned n = 0; n < count; ++n) {
      revision_ += random_() % 3;  // gaps, and changes of one revision
      if (n == 0) ++revision_;
      std::string key(1, static_cast<char>('a' + random_() % 8));
      key += static_cast<char>('0' + n);
      bool set_it = random_() % 4 != 0;
      changes.push_back(set_it ? set(revision_, key, value()) : removed(revision_, key));
    }
    return changes;
  }

  // Zeros at the end of a batch would make a torn one look whole.
  std::string value() {
    std::string text(random_() % 400, static_cast<char>('a' + random_() % 26));
    if (random_() % 4 == 0) text.append(300, '\0');
    return text;
  }

  void snapshot() {
    if (applied_.empty()) return;
    try {
      if (journal_->write_snapshot(state_, position(applied_.size()))) journal_->snapshot_written(state_.revision());
    } catch (const std::system_error&) {
      // Later, then.
    }
  }

  void expect_dead() {
    auto calls = files_.calls();
    BOOST_CHECK_THROW(journal_->append({set(revision_ + 1, "x", "y")}, "1"), std::system_error);
    BOOST_CHECK_THROW(journal_->append({set(revision_ + 1, "x", "y")}, "1"), std::system_error);
    BOOST_CHECK_THROW(journal_->sync(), std::system_error);
    BOOST_TEST(files_.calls() == calls);  // nothing is tried again, least of all a sync
  }

  // The state must be that after some number of batches: all that are durable, nothing that was not asked for.
  void compare(const Recovered& found) {
    if (unknown_) applied_.push_back(*std::exchange(unknown_, {}));
    State state;
    std::size_t batches = 0;
    while (state.revision() < found.state.revision() && batches < applied_.size())
      state = with(state, applied_[batches++]);
    BOOST_REQUIRE_EQUAL(number(found.state.revision()), number(state.revision()));
    BOOST_REQUIRE_EQUAL(text(found.state), text(state));
    BOOST_REQUIRE((found.state.time() == state.time()));
    BOOST_REQUIRE_EQUAL(found.bookmark, batches == 0 ? "" : position(batches));
    BOOST_REQUIRE_GE(batches, durable_);
    applied_.resize(batches);
    durable_ = batches;
    state_ = state;
    if (!log_id_ && batches > 0) log_id_ = found.log_id;
    if (log_id_) BOOST_REQUIRE((*log_id_ == found.log_id));
    Changes all;
    for (const Changes& changes : applied_) {
      for (const Change& change : changes) {
        if (change.revision() > journal_->oldest()) all.push_back(change);
      }
    }
    BOOST_REQUIRE_EQUAL(text(journal_->read(journal_->oldest(), plenty)), text(all));
  }

  FaultyFiles& files_;
  JournalOptions options_;
  std::mt19937 random_;
  const bool bus_keeps_log_;
  std::optional<Journal> journal_;
  std::optional<LogId> log_id_;
  std::uint64_t revision_ = 0;
  std::vector<Changes> applied_;
  std::optional<Changes> unknown_;  // append() did not say
  std::size_t durable_ = 0;         // of applied_
  State state_;
};

constexpr int steps = 24;

std::uint64_t calls_of_a_whole_run(bool sync) {
  FaultyFiles files;
  Workload workload(files, small_files(sync), 1);
  workload.run(steps);
  BOOST_REQUIRE_EQUAL(workload.applied(), steps);
  return files.calls();
}

void stopped_or(const std::function<void()>& action) {
  try {
    action();
  } catch (const Stopped&) {
  }
}

// Runs until the fault, loses the power, restarts under further faults, and then goes on as if nothing had been.
void cut_and_restart(bool sync, std::uint64_t call, std::vector<Fault> faults, unsigned seed) {
  FaultyFiles files(seed);
  Workload workload(files, small_files(sync), 1, seed % 2 == 0);
  for (std::size_t n = 0; n < faults.size(); ++n) files.set_fault(call + n, faults[n]);
  stopped_or([&] { workload.run(steps); });
  std::mt19937 random(seed);
  for (int restart = 0; restart < 2; ++restart) {
    workload.close();
    files.crash();
    files.set_fault(files.calls() + 1 + random() % 30, Fault{static_cast<std::uint8_t>(random() % 4)});
    stopped_or([&] { workload.open(); });
  }
  workload.close();
  files.crash();
  BOOST_REQUIRE(workload.open());
  for (int n = 0; n < 3; ++n) BOOST_REQUIRE(workload.append());
  if (!sync) BOOST_REQUIRE(workload.sync());
  workload.close();
  files.crash();
  BOOST_REQUIRE(workload.open());
}

void cut_everywhere(bool sync, const std::vector<Fault>& faults, unsigned seeds = 2) {
  auto calls = calls_of_a_whole_run(sync);
  BOOST_REQUIRE_GT(calls, 200);
  for (std::uint64_t call = 1; call <= calls; ++call) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
      BOOST_TEST_CONTEXT("call " << call << " seed " << seed) {
        cut_and_restart(sync, call, faults, static_cast<unsigned>(call * 7 + seed));
      }
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crash_test)

BOOST_AUTO_TEST_CASE(stopped_before_any_call_nothing_acknowledged_is_lost) {
  cut_everywhere(true, {Fault::stop_before});
}

BOOST_AUTO_TEST_CASE(stopped_after_any_call_nothing_acknowledged_is_lost) { cut_everywhere(true, {Fault::stop_after}); }

BOOST_AUTO_TEST_CASE(whatever_call_fails_nothing_acknowledged_is_lost) { cut_everywhere(true, {Fault::fail}); }

BOOST_AUTO_TEST_CASE(a_full_disk_at_any_call_loses_nothing_and_applies_nothing_by_half) {
  cut_everywhere(true, {Fault::no_space});
}

BOOST_AUTO_TEST_CASE(what_clears_up_after_a_full_disk_may_fail_too) {
  cut_everywhere(true, {Fault::no_space, Fault::fail}, 1);
  cut_everywhere(true, {Fault::no_space, Fault::stop_before}, 1);
  cut_everywhere(true, {Fault::no_space, Fault::stop_after, Fault::stop_before}, 1);
}

BOOST_AUTO_TEST_CASE(without_syncing_batches_a_crash_costs_only_what_was_not_synced) {
  for (Fault fault : {Fault::stop_before, Fault::stop_after, Fault::fail, Fault::no_space}) {
    cut_everywhere(false, {fault}, 1);
  }
}

BOOST_AUTO_TEST_CASE(a_failed_sync_of_a_batch_is_never_tried_again) {
  FaultyFiles files;
  Journal journal(files, "/data", small_files(true));
  journal.recover();
  journal.begin(LogId{7});
  journal.append({set(1, "a", "1")}, std::to_string(1));
  files.set_fault(files.calls() + 2, Fault::fail);  // the write, then its sync
  BOOST_CHECK_THROW(journal.append({set(2, "b", "2")}, "2"), std::system_error);
  BOOST_TEST(files.failed_sync() == files.calls());
  BOOST_CHECK_THROW(journal.append({set(3, "c", "3")}, "3"), std::system_error);
  BOOST_CHECK_THROW(journal.sync(), std::system_error);
  BOOST_TEST(files.failed_sync() == files.calls());
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_batches_until_there_is_room) {
  FaultyFiles files;
  Workload workload(files, small_files(true), 1);
  BOOST_REQUIRE(workload.open());
  files.set_space(10000);
  std::size_t before;
  do {
    before = workload.applied();
    BOOST_REQUIRE(workload.append());
  } while (workload.applied() > before);
  BOOST_TEST(before > 3u);
  files.set_space(1000000);
  BOOST_REQUIRE(workload.append());
  BOOST_TEST(workload.applied() == before + 1);
  workload.close();
  files.crash();
  BOOST_REQUIRE(workload.open());
  BOOST_TEST(workload.applied() == before + 1);
}

BOOST_AUTO_TEST_SUITE_END()
