// A journal that was there and is not, in whole or from some place on: what is left can be served once somebody has
// said that the rest may be lost.
#pragma once
#include <filesystem>
#include <string>

#include "kvs/store/damaged_data.hpp"

namespace kvs {

class MissingJournal : public DamagedData {
 public:
  // `advice` is for whoever meets it at a start.
  MissingJournal(const std::filesystem::path& directory, const std::string& what, const std::string& advice)
      : DamagedData(directory.string() + ": " + what + advice), finding_(directory.string() + ": " + what) {}

  // what() without the advice.
  const std::string& finding() const { return finding_; }

 private:
  std::string finding_;
};

}  // namespace kvs
