// What was read from the topic and left out, by reason: counted for the metrics, and logged without filling the log.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kvs/bus/bus.hpp"

namespace kvs {

class KafkaIgnored {
 public:
  enum class Reason : std::uint8_t {
    malformed,  // no record of ours, and none that could be a foreign one
    foreign,    // written by somebody who does not know kvs, and --kafka-foreign is ignore
    other_log,  // written for another log
    fenced,     // of a process that has been replaced, or has not opened
    repeated,   // doubled, or late
    count_,
  };
  static constexpr std::size_t reasons = static_cast<std::size_t>(Reason::count_);
  static std::string_view name(Reason reason);

  // `why`: in more words. Logs the first of each reason, and then one a minute with how many there were.
  void note(Reason reason, std::int64_t offset, std::string_view why);

  std::uint64_t count(Reason reason) const;  // any thread
  std::vector<BusIgnored> counts() const;    // of every reason; any thread

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::atomic<std::uint64_t> count{0};
    std::uint64_t logged = 0;
    Clock::time_point next_log{};
  };
  std::array<Entry, reasons> entries_;
};

}  // namespace kvs
