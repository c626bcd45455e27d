#include "kvs/store/new_history.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "kvs/random_id.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/snapshot_files.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(FileSystem& files, const fs::path& directory) {
  DirectoryContents contents = list_data_directory(files, directory);
  std::vector<fs::path> paths;
  for (std::uint64_t number : contents.segments) paths.push_back(segment_path(directory, number));
  for (Revision revision : contents.snapshots) paths.push_back(snapshot_path(directory, revision));
  return paths;
}

}  // namespace

std::optional<State> raised(State state, std::uint64_t by) {
  if (by == 0) return state;
  std::uint64_t at = number(std::max(state.revision(), state.place())) + by;
  if (at >= max_revision_number) return std::nullopt;
  LogTime time = state.time();
  StateEditor editor(std::move(state));
  editor.drop_tombstones(Revision{at});
  return editor.commit(Revision{at}, time);
}

std::optional<LogId> begin_new_history(FileSystem& files, const fs::path& directory, const fs::path& aside,
                                       State kept) {
  auto state = raised(std::move(kept), usual_raise);
  if (!state) return std::nullopt;
  LogId log_id{random_id()};
  std::vector<fs::path> old = files_of(files, directory);
  files.make_directory(aside);
  write_snapshot_file(files, directory, *state, log_id, {}, false, {});
  for (const fs::path& path : old) files.rename(path, aside / path.filename());
  files.sync_directory(aside);
  files.sync_directory(directory);
  return log_id;
}

}  // namespace kvs
