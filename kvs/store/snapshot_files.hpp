// The snapshots in a data directory.
#pragma once
#include <filesystem>
#include <stop_token>
#include <vector>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// Writes the state beside the snapshots there are, syncs it, renames it into place and syncs the directory: from then
// on a start begins with it. With `journal_follows` such a start refuses to do without a journal up to there: only for
// what stands beside one that is synced, and that no bus has. False if it was asked to stop, or the state is empty and
// has nothing to say. Throws std::system_error, among others if it would take the last of the space; nothing is left
// behind then, as far as possible.
bool write_snapshot_file(FileSystem& files, const std::filesystem::path& directory, const State& state, LogId log_id,
                         std::string_view bookmark, bool journal_follows, const std::stop_token& stop);

// Which snapshots there are, and which of them a start may need: the newest, and the one before it in case the newest
// turns out to be damaged.
class SnapshotList {
 public:
  explicit SnapshotList(std::vector<Revision> newest_first) : revisions_(std::move(newest_first)) {}

  bool has(Revision revision) const;
  Revision newest() const { return revisions_.empty() ? no_revision : revisions_.front(); }
  // Gives those that are no longer needed.
  std::vector<Revision> add(Revision newest);
  // The journal after this revision is needed.
  Revision journal_needed_after() const;

 private:
  std::vector<Revision> revisions_;  // newest first
};

}  // namespace kvs
