#include "kvs/cmd/progress.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <string_view>

#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr std::chrono::milliseconds first_after{500}, between{100};
constexpr std::string_view erase_line = "\r\x1b[K";

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, bytes < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
  return text;
}

std::string amount(Progress::Unit unit, double number) {
  if (unit == Progress::Unit::bytes) return bytes_text(number);
  char text[32];
  std::snprintf(text, sizeof text, "%.0f keys", number);
  return text;
}

}  // namespace

std::string progress_text(Progress::Unit unit, std::uint64_t done, std::uint64_t all,
                          std::chrono::milliseconds elapsed) {
  std::string text = amount(unit, static_cast<double>(done));
  if (all > 0) text += " of " + amount(unit, static_cast<double>(all));
  if (elapsed.count() <= 0 || done == 0) return text;
  double rate = static_cast<double>(done) * 1000 / static_cast<double>(elapsed.count());
  text += ", " + amount(unit, rate) + "/s";
  if (all < done || all == 0) return text;
  auto left = std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(all - done) / rate));
  return text + ", " + format_duration(left) + " left";
}

Progress::Progress(const Settings& settings, std::string what, Unit unit)
    : what_(std::move(what)),
      unit_(unit),
      wanted_(isatty(STDERR_FILENO) != 0 && !settings.on("quiet") && !settings.on("no-progress")) {}

Progress::~Progress() {
  if (drawn_ != Clock::time_point{}) std::cerr << erase_line << std::flush;
}

void Progress::at(std::uint64_t done, std::uint64_t all) {
  if (!wanted_) return;
  auto now = Clock::now();
  if (now - begin_ < first_after || now - drawn_ < between) return;
  drawn_ = now;
  auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin_);
  std::cerr << erase_line << what_ << ": " << progress_text(unit_, done, all, elapsed) << std::flush;
}

}  // namespace kvs
