#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "kvs/cmd/data_place.hpp"
#include "kvs/cmd/doctor.hpp"
#include "kvs/cmd/serve_process.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

void add(Findings& findings, Level level, std::string name, std::string words, std::string repair = {}) {
  findings.push_back({level, std::move(name), std::move(words), std::move(repair)});
}

std::uint64_t bytes_in(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (std::uint64_t size = entry->file_size(ignored); !ignored) sum += size;
  }
  return sum;
}

void look_at_mode(const fs::path& directory, Findings& findings) {
  struct stat about{};
  if (::stat(directory.c_str(), &about) != 0) return;
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
  add(findings, Level::warn, "data directory", directory.string() + " can be entered by other users of this machine",
      "chmod 700 " + directory.string());
}

void look_at_directory(const ServeOptions& options, Findings& findings) {
  const fs::path& directory = options.data_dir;
  fs::path there = existing_part(directory);
  std::error_code ignored;
  if (auto problem = place_problem(directory))
    return add(findings, Level::fail, "data directory", problem->words, problem->repair);
  bool made = there == fs::absolute(directory, ignored);
  add(findings, Level::ok, "data directory",
      made ? directory.string() + " holds " + std::to_string(bytes_in(directory) / mebibyte) + " MiB"
           : directory.string() + " will be made");
  if (made) look_at_mode(directory, findings);
  findings.push_back(judge_space(PosixFiles().free_space(there), made ? bytes_in(directory) : 0, options.history_bytes,
                                 directory.string()));
}

}  // namespace

// A snapshot is written beside the old one, so what is held now may be needed once more, and the history grows to its
// bound. Below the second amount it is a matter of hours.
Finding judge_space(std::uint64_t free, std::uint64_t held, std::uint64_t history, const std::string& directory) {
  constexpr std::uint64_t least = 256 * mebibyte;
  std::uint64_t wanted = history + held + least;
  std::string words = std::to_string(free / mebibyte) + " MiB free";
  if (free >= wanted) return {Level::ok, "disk space", words, {}};
  words += ", " + std::to_string(wanted / mebibyte) + " MiB may be needed (history, a snapshot, a reserve)";
  bool soon = free < least;
  return {soon ? Level::fail : Level::warn, "disk space", words,
          "free some on the file system of " + directory + ", or lower --history-bytes"};
}

Finding judge_files(std::uint64_t allowed, std::uint64_t most, unsigned connections) {
  std::uint64_t wanted = connections + own_files;
  std::string words = std::to_string(allowed) + " files may be open at a time";
  if (allowed >= wanted) return {Level::ok, "open files", words, {}};
  words += ", --max-connections " + std::to_string(connections) + " needs " + std::to_string(wanted);
  std::string repair =
      most >= wanted ? "ulimit -n " + std::to_string(wanted) + "    # or LimitNOFILE=" : "LimitNOFILE=";
  return {Level::warn, "open files", words, repair + std::to_string(wanted) + " in the systemd unit"};
}

void look_at_machine(const ServeOptions& options, Findings& findings) {
  if (options.ephemeral) {
    add(findings, Level::ok, "data directory", "none: --ephemeral keeps nothing");
  } else {
    look_at_directory(options, findings);
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  findings.push_back(judge_files(files.rlim_cur, files.rlim_max, options.max_connections));
}

}  // namespace kvs
