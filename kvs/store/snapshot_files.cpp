#include "kvs/store/snapshot_files.hpp"

#include <algorithm>
#include <system_error>

#include "kvs/store/data_directory.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t sync_every = 4 * 1024 * 1024;  // one flush of everything would hold up the journal's
constexpr std::uint64_t left_for_journal = 32 * 1024 * 1024;

void check_space(FileSystem& files, const fs::path& directory, const State& state) {
  auto free = files.free_space(directory);
  if (free >= state.footprint() + std::min(left_for_journal, state.footprint())) return;
  throw std::system_error(ENOSPC, std::generic_category(), "no snapshot written to " + directory.string());
}

bool write_pieces(File& file, SnapshotEncoder& encoder, const std::stop_token& stop) {
  std::uint64_t offset = 0;
  std::uint64_t synced = 0;
  for (auto piece = encoder.next(); !piece.empty(); piece = encoder.next()) {
    if (stop.stop_requested()) return false;
    file.write(offset, piece);
    offset += piece.size();
    if (offset - synced < sync_every) continue;
    file.datasync();
    synced = offset;
  }
  file.datasync();
  return true;
}

void remove_quietly(FileSystem& files, const fs::path& path) {
  try {
    files.remove(path);
  } catch (const std::system_error&) {
    // The next snapshot overwrites it, the next start removes it.
  }
}

}  // namespace

bool write_snapshot_file(FileSystem& files, const fs::path& directory, const State& state, LogId log_id,
                         std::string_view bookmark, bool journal_follows, const std::stop_token& stop) {
  if (state.place() == no_revision) return false;
  check_space(files, directory, state);
  auto unfinished = unfinished_snapshot_path(directory);
  try {
    SnapshotEncoder encoder(state, log_id, std::string(bookmark), journal_follows);
    bool complete = write_pieces(*files.create(unfinished), encoder, stop);
    if (!complete) {
      remove_quietly(files, unfinished);
      return false;
    }
    files.rename(unfinished, snapshot_path(directory, state.place()));
  } catch (const std::system_error&) {
    remove_quietly(files, unfinished);
    throw;
  }
  files.sync_directory(directory);
  return true;
}

bool SnapshotList::has(Revision revision) const { return std::ranges::find(revisions_, revision) != revisions_.end(); }

std::vector<Revision> SnapshotList::add(Revision newest) {
  revisions_.insert(revisions_.begin(), newest);
  std::vector<Revision> dropped;
  for (; revisions_.size() > 2; revisions_.pop_back()) dropped.push_back(revisions_.back());
  return dropped;
}

Revision SnapshotList::journal_needed_after() const { return revisions_.size() < 2 ? no_revision : revisions_.back(); }

}  // namespace kvs
