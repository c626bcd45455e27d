// What can be done about a damaged data directory: leave out what is damaged and what comes after it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"

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
  std::size_t keys = 0;                          // at that revision
  bool keeps_log = false;                        // the order comes from a bus that has all of it
  std::uint64_t lost_bytes = 0;                  // of the journal, written after `last`, readable or not

  bool empty() const { return !loses() && snapshots.empty(); }
  bool loses() const { return cut || journal_missing || !segments.empty(); }
  // What is lost had numbers, which must not be given to anything else: begin_new_history() follows.
  bool begins_anew() const { return loses() && !keeps_log; }
};

// Reads everything and changes nothing. The directory is locked. Throws DamagedData if nothing would be left, or if it
// is no damage that leaving something out mends (a newer format, files of another log).
RepairPlan plan_repair(FileSystem& files, const std::filesystem::path& directory);

// Carries it out: the files as they were are in the directory that is given back, and a start finds what the plan says;
// or begin_new_history() does, if the plan begins anew.
// What is cut is copied first; whatever breaks this off leaves the damage or mends it. Throws std::system_error.
std::filesystem::path carry_out(FileSystem& files, const std::filesystem::path& directory, const RepairPlan& plan);

}  // namespace kvs
