#include "kvs/store/unchanged_directory.hpp"

#include <stdexcept>

#include "kvs/store/read_only_files.hpp"
#include "kvs/store/recovery.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

}  // namespace

UnchangedDirectory read_unchanged(FileSystem& files, const fs::path& directory, const ReadProgress& progress) {
  DirectoryContents contents = list_data_directory(files, directory);
  if (contents.segments.empty() && contents.snapshots.empty())
    throw std::runtime_error("there is no data of kvs in " + directory.string());
  auto lock = files.lock(lock_path(directory));
  if (!lock)
    throw std::runtime_error("the data directory " + directory.string() +
                             " is in use by another process: stop that one first");
  ReadOnlyFiles read_only(files);
  Recovery::Progress forward = progress;
  RecoveredLog log = Recovery(read_only, directory, forward).run();
  if (!log.log_id) throw std::runtime_error("there is no data of kvs in " + directory.string());
  return {std::move(lock), std::move(log.state), *log.log_id, std::move(log.notes)};
}

}  // namespace kvs
