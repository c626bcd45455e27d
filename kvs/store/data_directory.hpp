// The names of the files in a data directory, and what is in it.
//
//   lock                         held by the process that has the directory open
//   journal-0000000001           segments, by number
//   snapshot-0000000000000042    snapshots, by place (State::place())
//   *.tmp                        a snapshot being written; of no use after a crash
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"

namespace kvs {

std::filesystem::path lock_path(const std::filesystem::path& directory);
std::filesystem::path segment_path(const std::filesystem::path& directory, std::uint64_t number);
std::filesystem::path snapshot_path(const std::filesystem::path& directory, Revision revision);
std::filesystem::path unfinished_snapshot_path(const std::filesystem::path& directory);

struct DirectoryContents {
  std::vector<std::uint64_t> segments;            // numbers, rising
  std::vector<Revision> snapshots;                // newest first
  std::vector<std::filesystem::path> unfinished;  // to be removed
};

// Files of other names are nobody's business here.
DirectoryContents list_data_directory(FileSystem& files, const std::filesystem::path& directory);

}  // namespace kvs
