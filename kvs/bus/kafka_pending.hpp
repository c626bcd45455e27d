// The commands this instance has produced and whose end is not known yet.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kvs/bus/bus.hpp"

namespace kvs {

struct KafkaPendingLimits {
  std::size_t commands = 65536;
  std::size_t bytes = 64 * 1024 * 1024;
};

// A command has two things to wait for: that its record comes by in the topic, and that the client library reports
// whether the brokers keep it. They come in either order.
//
//   reported OK, then comes by           confirmed when it comes by; no Ending
//   comes by, then reported OK           unconfirmed when it comes by; Ending confirmed
//   comes by, and is reported failed     unconfirmed when it comes by; Ending unknown     (in either order)
//   a later one of its epoch comes by    Ending failed: were it to come by now, everybody would ignore it
//   a newer open record of ours comes by Ending failed, for the same reason
//   the instance stops                   Ending unknown
//
// So a failed report alone ends nothing: whoever has one, and nothing else to say, publishes a barrier or an open
// record behind it. A command with Ticket::nobody waits like the others, but nobody is told: it has no Ending. Plain
// state, to be guarded by its owner. `endings`: appended to.
class KafkaPending {
 public:
  explicit KafkaPending(KafkaPendingLimits limits = {}) : limits_(limits) {}

  // Whether one more of `bytes` is too much. One is always taken, however large.
  bool full(std::size_t bytes) const;

  // Before it is produced. (epoch, sequence) rises from call to call.
  void add(Revision epoch, std::uint64_t sequence, Ticket ticket, std::string request_id, std::size_t bytes);

  // The delivery report. For one that has ended (or never was) nothing happens.
  void reported(Revision epoch, std::uint64_t sequence, bool ok, std::vector<Ending>& endings);

  // The producer of all that were added so far is gone: what is not reported by now is as if it had been reported
  // failed.
  void producer_gone(std::vector<Ending>& endings);

  // Its record has come by and counts (Admission::counts). What is not known here was published by an earlier process
  // of this name: nobody waits for it.
  struct CameBy {
    Ticket ticket;
    bool confirmed = true;
  };
  CameBy came_by(Revision epoch, std::uint64_t sequence, std::vector<Ending>& endings);

  // Whether its record has not come by yet.
  bool waits_for(Revision epoch, std::uint64_t sequence) const;

  // An open record of ours has come by, counts, and makes this epoch ours.
  void opened(Revision epoch, std::vector<Ending>& endings);

  // The instance stops, and neither reports nor records will be looked at any more: all that are left are unknown.
  void stop(std::vector<Ending>& endings);

  std::size_t commands() const { return waiting_.size() + unconfirmed_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  enum class Report : std::uint8_t { none, ok, failed };
  struct Name {
    Revision epoch;
    std::uint64_t sequence;
    auto operator<=>(const Name&) const = default;
  };
  struct Outstanding {
    Name name;
    Ticket ticket;
    std::string request_id;
    std::size_t bytes;
    Report report = Report::none;
  };
  void end(Outstanding&& one, Ending::How how, std::vector<Ending>& endings);
  void fail_before(const Name& name, std::vector<Ending>& endings);

  const KafkaPendingLimits limits_;
  std::size_t bytes_ = 0;
  std::deque<Outstanding> waiting_;          // has not come by; names rise
  std::map<Name, Outstanding> unconfirmed_;  // has come by, is not reported
};

}  // namespace kvs
