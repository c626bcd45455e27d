// Damage that leaving something out mends: what is before it can be read.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "kvs/store/damaged_data.hpp"

namespace kvs {

class DamagedJournal : public DamagedData {
 public:
  // The segment `file` cannot be read from `offset` on.
  DamagedJournal(const std::filesystem::path& file, std::uint64_t offset, const std::string& what)
      : DamagedData(file, offset, what), file_(file), offset_(offset) {}

  const std::filesystem::path& file() const { return file_; }
  std::uint64_t offset() const { return offset_; }

 private:
  std::filesystem::path file_;
  std::uint64_t offset_;
};

}  // namespace kvs
