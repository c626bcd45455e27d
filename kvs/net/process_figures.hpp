// What the system knows of this process.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

namespace kvs {

// As Prometheus' own clients report it; what can't be read is 0.
struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
  std::uint64_t threads = 0;
  double start_seconds = 0;  // since 1970
};

ProcessFigures process_figures();

// Bytes this process may still write on the file system that holds `directory`; nothing if the system does not say,
// as for one that is not there yet.
std::optional<std::uint64_t> free_disk_bytes(const std::filesystem::path& directory);

}  // namespace kvs
