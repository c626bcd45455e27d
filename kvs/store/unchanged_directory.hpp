// A data directory that is read and not changed, by nobody: it is locked.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

struct UnchangedDirectory {
  std::unique_ptr<FileSystem::Lock> lock;  // as long as this lives
  State state;
  LogId log_id{};
  std::string notes;  // lines for people: a torn end that was left out…
};

// What a start would find. Throws DamagedData; std::runtime_error if there is no data in the directory, or another
// process has it open; std::system_error.
using ReadProgress = std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)>;
UnchangedDirectory read_unchanged(FileSystem& files, const std::filesystem::path& directory,
                                  const ReadProgress& progress = {});

}  // namespace kvs
