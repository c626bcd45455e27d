// A data directory that must not be served.
#pragma once
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace kvs {

// The directory holds something that must not be served: damage before the end, a newer format, another log.
// what() names file and offset and says what to do.
class DamagedData : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  DamagedData(const std::filesystem::path& file, std::uint64_t offset, const std::string& what)
      : std::runtime_error(file.string() + ", offset " + std::to_string(offset) + ": " + what) {}
};

}  // namespace kvs
