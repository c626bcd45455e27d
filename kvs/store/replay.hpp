// Reading the journal at start-up: applies the batches to a State, and finds where the journal ends.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/store/file.hpp"
#include "kvs/store/journal_format.hpp"
#include "kvs/store/snapshot_format.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

struct SegmentFile {
  std::filesystem::path path;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::optional<SegmentHeader> header;  // none: the file does not begin with one (not used yet, torn or damaged)
};

struct ReplayResult {
  State state;
  std::string bookmark;           // of the newest batch
  Revision last = no_revision;    // the newest place in the journal; may be older than the snapshot it began with
  Revision change = no_revision;  // the newest change of a key in the journal
  std::uint64_t batch = 0;        // the number of the newest batch
  std::size_t newest = 0;         // index of the segment it ends in; those after it hold nothing
  std::uint64_t end = 0;          // offset there
  std::uint64_t bytes = 0;        // of the batches applied
  std::string notes;
};

// Replays `segments` (by number, without gaps, the first with a header) on top of `base`. Cuts what a crash left behind
// an unfinished batch: overwrites it with zeros and removes the segments after it, durably. What stays is durable when
// it returns. Throws DamagedData if the journal does not end in the way a crash ends it.
class Replay {
 public:
  // `must_reach`: it is known that the journal went at least up to there.
  Replay(FileSystem& files, std::filesystem::path directory, const std::vector<SegmentFile>& segments,
         Revision must_reach, const BytesRead& read, StateLimits limits);

  ReplayResult run(LoadedSnapshot base);

 private:
  bool replay_segment(std::size_t index);
  bool continues(const JournalBatch& batch) const;
  void apply(const JournalBatch& batch, const std::filesystem::path& path, std::uint64_t offset);
  void finish_at(std::size_t index, std::uint64_t content);
  void refuse_missing() const;
  void refuse_damage(std::size_t index, std::uint64_t offset, std::string_view tail);  // loads other segments
  void remove_later_segments();
  std::string_view load(std::size_t index);

  FileSystem& files_;
  std::filesystem::path directory_;
  const std::vector<SegmentFile>& segments_;
  const Revision must_reach_;
  const BytesRead& read_;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t committed_bytes_ = 0;
  std::string buffer_;
  Changes changes_;
  const StateLimits limits_;
  Revision base_place_ = no_revision;
  Revision base_revision_ = no_revision;
  LogId log_id_{};
  std::optional<StateEditor> editor_;
  LogTime time_{};
  std::optional<std::size_t> first_empty_;  // index of a segment that holds nothing
  ReplayResult result_;
};

}  // namespace kvs
