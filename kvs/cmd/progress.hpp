// A bar on stderr for what takes a while.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "kvs/cmd/settings.hpp"

namespace kvs {

// Only on a terminal, only after half a second, not with --quiet or --no-progress. Gone without a trace at the end.
class Progress {
 public:
  enum class Unit : std::uint8_t { bytes, keys };

  // `what` as in "saving".
  Progress(const Settings& settings, std::string what, Unit unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `all` = 0: how much it will be is not known. May be called as often as one likes.
  void at(std::uint64_t done, std::uint64_t all);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string what_;
  const Unit unit_;
  const bool wanted_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point drawn_{};
};

// "12 MiB of 1.4 GiB, 31 MiB/s, 45s left". For tests.
std::string progress_text(Progress::Unit unit, std::uint64_t done, std::uint64_t all,
                          std::chrono::milliseconds elapsed);

}  // namespace kvs
