// /proc/self, as proc(5) has it, and clocks.
#include "kvs/net/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace kvs {

namespace {

// The fields of /proc/self/stat behind the program's name, which may hold anything: [0] is the state, field 3 of
// proc(5).
std::array<std::uint64_t, 22> stat_fields() {
  std::array<std::uint64_t, 22> fields{};
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(line.substr(name_end + 1));
  std::string state;
  rest >> state;
  for (std::size_t i = 1; i < fields.size(); ++i) rest >> fields[i];
  return fields;
}

constexpr std::size_t user_time = 11, system_time = 12, thread_count = 17, start_time = 19, virtual_size = 20,
                      resident = 21;

double seconds_by(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Not from /proc/stat: a service with ProcSubset=pid does not see it. Worked out once, so that a clock that is set or
// read a little later does not make the process look restarted.
double boot_seconds() {
  static const double boot = seconds_by(CLOCK_REALTIME) - seconds_by(CLOCK_BOOTTIME);
  return boot;
}

std::uint64_t count_descriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator one("/proc/self/fd", error), end; !error && one != end; one.increment(error))
    ++count;
  return count == 0 ? 0 : count - 1;  // the one that reads the directory
}

}  // namespace

ProcessFigures process_figures() {
  auto fields = stat_fields();
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessFigures figures;
  figures.cpu_seconds = static_cast<double>(fields[user_time] + fields[system_time]) / ticks;
  figures.threads = fields[thread_count];
  figures.start_seconds = boot_seconds() + static_cast<double>(fields[start_time]) / ticks;
  figures.virtual_bytes = fields[virtual_size];
  figures.resident_bytes = fields[resident] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  figures.open_descriptors = count_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_descriptors = limit.rlim_cur;
  return figures;
}

std::optional<std::uint64_t> free_disk_bytes(const std::filesystem::path& directory) {
  std::error_code error;
  auto space = std::filesystem::space(directory, error);
  if (error) return std::nullopt;
  return space.available;
}

}  // namespace kvs
