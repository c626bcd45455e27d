// What a start makes of a data directory: the newest good snapshot and the journal after it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kvs/store/data_directory.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/journal_writer.hpp"
#include "kvs/store/replay.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {

struct RecoveredLog {
  State state;
  std::string bookmark;
  std::optional<LogId> log_id;          // none: a new directory
  JournalEnd end;                       // where writing goes on
  std::vector<SegmentHeader> segments;  // those that stay, oldest first; the last is the one that is continued
  std::vector<Revision> snapshots;      // those that are good, as far as was looked; newest first
  std::uint64_t replayed_bytes = 0;
  std::string notes;  // lines for the log
};

// Used once. The directory is locked.
class Recovery {
 public:
  using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)>;

  Recovery(FileSystem& files, std::filesystem::path directory, const Progress& progress, StateLimits limits = {});

  // A journal that was taken away is done without, instead of a MissingJournal.
  void accept_missing_journal() { missing_accepted_ = true; }
  // Throws DamagedData rather than leave out anything that was acknowledged.
  RecoveredLog run();

 private:
  void remove_unfinished();
  void read_snapshot_headers();
  void read_segment_headers();
  void keep_newest_without_gap(std::vector<SegmentFile> found);
  void check_log_id(LogId log_id, const std::filesystem::path& path);
  LoadedSnapshot load_base();
  std::optional<LoadedSnapshot> load_snapshot_of(Revision revision);
  [[noreturn]] void refuse_without_base() const;
  std::size_t first_to_replay(Revision base) const;
  void replay(LoadedSnapshot base);
  void begin_behind_snapshot(Revision place, Revision change);
  void begin_without_journal(LoadedSnapshot base);
  void remove_segments(std::uint64_t from, std::uint64_t to);
  void count_bytes();
  void report(std::uint64_t bytes) const;

  FileSystem& files_;
  std::filesystem::path directory_;
  const Progress& progress_;
  const StateLimits limits_;
  DirectoryContents contents_;
  std::optional<LogId> log_id_;
  std::filesystem::path log_id_from_;  // the file that said so
  std::vector<SegmentFile> segments_;  // the newest ones, without gaps; the first one has a header
  std::uint64_t newest_snapshot_bytes_ = 0;
  bool missing_accepted_ = false;
  Revision must_reach_ = no_revision;  // where the journal must end at the least, by what the snapshots' headers say
  std::uint64_t done_bytes_ = 0;
  std::uint64_t all_bytes_ = 0;
  RecoveredLog result_;
};

}  // namespace kvs
