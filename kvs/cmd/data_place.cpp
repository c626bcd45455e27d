#include "kvs/cmd/data_place.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "kvs/cmd/settings.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/posix_file.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

// A file in there, if none is of kvs: unfinished ones would be taken for ours and removed. What a new file system has,
// and what is hidden, does not count.
std::optional<std::string> foreign_file(const fs::path& directory) {
  PosixFiles files;
  DirectoryContents ours = list_data_directory(files, directory);
  std::error_code ignored;
  if (!ours.segments.empty() || !ours.snapshots.empty() || fs::exists(lock_path(directory), ignored))
    return std::nullopt;
  for (const std::string& name : files.list(directory))
    if (name != "lost+found" && !name.starts_with('.')) return name;
  return std::nullopt;
}

std::string user() { return std::to_string(geteuid()); }

}  // namespace

fs::path existing_part(const fs::path& directory) {
  std::error_code ignored;
  fs::path path = fs::absolute(directory, ignored);
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
  return path;
}

std::optional<PlaceProblem> place_problem(const fs::path& directory) {
  fs::path there = existing_part(directory);
  std::error_code ignored;
  if (!fs::is_directory(there, ignored)) return PlaceProblem{there.string() + " is no directory", {}};
  if (access(there.c_str(), R_OK | W_OK | X_OK) == 0) {
    if (there != fs::absolute(directory, ignored)) return std::nullopt;
    auto other = foreign_file(there);
    if (!other) return std::nullopt;
    return PlaceProblem{there.string() + " holds other things (" + *other + ") and no data of kvs", {}};
  }
  int error = errno;
  if (error != EACCES)
    return PlaceProblem{there.string() + " cannot be written to: " + std::generic_category().message(error), {}};
  return PlaceProblem{there.string() + " cannot be written to by this user (" + user() + ")",
                      "chown " + user() + " " + there.string() + "    # or run it as the user who owns it"};
}

void check_data_place(const Settings& settings, const ServeOptions& options) {
  if (options.ephemeral) return;
  auto problem = place_problem(options.data_dir);
  if (!problem) return;
  std::string what = problem->words;
  if (existing_part(options.data_dir) != fs::absolute(options.data_dir))
    what = options.data_dir.string() + " cannot be made: " + what;
  throw Failure(exit_code::other, settings
                                      .wrong("data-dir", what + ". Name another directory, or make this one fit" +
                                                             (problem->repair.empty() ? "" : ": " + problem->repair))
                                      .what());
}

}  // namespace kvs
