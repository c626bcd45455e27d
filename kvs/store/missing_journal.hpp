// A journal that was there and is not, in whole or from some place on: what is left can be served once somebody has
// said that the rest may be lost.
#pragma once
#include <filesystem>
#include <string>

#include "kvs/store/damaged_data.hpp"

namespace kvs {

class MissingJournal : public DamagedData {
 public:
  MissingJournal(const std::filesystem::path& directory, const std::string& what)
      : DamagedData(directory.string() + ": " + what +
                    ". Put the journal's files back, or restore the directory from a backup; or let kvs repair "
                    "--data-dir " +
                    directory.string() + " say what would be lost without them, and do so"),
        finding_(directory.string() + ": " + what) {}

  // what() without the advice, which is for whoever meets it at a start.
  const std::string& finding() const { return finding_; }

 private:
  std::string finding_;
};

}  // namespace kvs
