// A snapshot from elsewhere on its way into a data directory.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>

#include "kvs/store/file.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {

// Bytes as they come, then finish(); without that nothing of it is left. The next start begins with the snapshot if it
// is newer than what the directory has, else without it.
class SnapshotIntake {
 public:
  // Makes the directory if it is missing and locks it. Throws std::system_error; std::runtime_error if another process
  // has it open.
  SnapshotIntake(FileSystem& files, std::filesystem::path directory);
  ~SnapshotIntake();
  SnapshotIntake(const SnapshotIntake&) = delete;
  SnapshotIntake& operator=(const SnapshotIntake&) = delete;

  void take(std::string_view bytes);

  // Checks all of it, and that it belongs to the log the directory is of, and puts it into place durably. Throws
  // DamagedData; std::runtime_error for another log, or a snapshot of an empty store.
  SnapshotHeader finish();

 private:
  void check_log(LogId log_id) const;

  FileSystem& files_;
  const std::filesystem::path directory_;
  const std::filesystem::path unfinished_;
  std::unique_ptr<FileSystem::Lock> lock_;
  std::unique_ptr<File> file_;  // null: finished
  std::uint64_t size_ = 0;
};

}  // namespace kvs
