// What can be done about a damaged data directory: leave out what is damaged and what comes after it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

struct RepairPlan {
  struct Cut {
    std::filesystem::path segment;
    std::uint64_t offset;  // the first byte that goes
  };
  std::optional<Cut> cut;
  std::vector<std::filesystem::path> segments;   // to be taken out, rising
  std::vector<std::filesystem::path> snapshots;  // damaged
  bool journal_missing = false;                  // in whole or from some place on, and nothing else is wrong with it
  std::vector<std::string> damage;               // what was found, a line each
  Revision last = no_revision;                   // the newest place that stays
  State state;                                   // at that revision
  bool keeps_log = false;                        // the order comes from a bus that has all of it
  std::uint64_t lost_bytes = 0;                  // of the journal, written after `last`, readable or not

  bool empty() const { return !loses() && snapshots.empty(); }
  bool loses() const { return cut || journal_missing || !segments.empty(); }
  // What is lost had numbers, which must not be given to anything else.
  bool begins_anew() const { return loses() && !keeps_log; }
};

// Reads everything and changes nothing. The directory is locked. Throws DamagedData if nothing would be left, or if it
// is no damage that leaving something out mends (a newer format, files of another log).
RepairPlan plan_repair(FileSystem& files, const std::filesystem::path& directory);

struct Repaired {
  std::filesystem::path aside;  // where the files as they were are now
  std::optional<LogId> log_id;  // of the new history, if one begins
};

// Carries it out; a start finds what the plan says. What is cut is copied first; whatever breaks this off leaves the
// damage, mends it or, with a new history, leaves what no start takes (see begin_new_history()). Throws
// std::system_error; DamagedData if the revisions are at their end.
Repaired carry_out(FileSystem& files, const std::filesystem::path& directory, const RepairPlan& plan);

}  // namespace kvs
