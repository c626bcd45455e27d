// Damage that leaving something out mends: what is before it can be read.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "kvs/store/damaged_data.hpp"

namespace kvs {

class DamagedJournal : public DamagedData {
 public:
  // The segment `file` cannot be read from `offset` on. `advice` is for whoever meets the damage at a start.
  DamagedJournal(const std::filesystem::path& file, std::uint64_t offset, const std::string& what,
                 const std::string& advice = {})
      : DamagedData(file, offset, what + advice),
        file_(file),
        offset_(offset),
        finding_(DamagedData(file, offset, what).what()) {}

  const std::filesystem::path& file() const { return file_; }
  std::uint64_t offset() const { return offset_; }
  // what() without the advice.
  const std::string& finding() const { return finding_; }

 private:
  std::filesystem::path file_;
  std::uint64_t offset_;
  std::string finding_;
};

}  // namespace kvs
