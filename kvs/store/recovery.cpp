#include "kvs/store/recovery.hpp"

#include <algorithm>
#include <array>

#include "kvs/store/damaged_data.hpp"
#include "kvs/store/damaged_journal.hpp"
#include "kvs/store/missing_journal.hpp"
#include "kvs/store/zeros.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

std::string beginning_of(const File& file) {
  std::array<char, SegmentHeader::size> bytes;
  static_assert(SegmentHeader::size == SnapshotHeader::size);
  return {bytes.data(), file.read(0, bytes)};
}

}  // namespace

Recovery::Recovery(FileSystem& files, fs::path directory, const Progress& progress, StateLimits limits)
    : files_(files), directory_(std::move(directory)), progress_(progress), limits_(limits) {}

RecoveredLog Recovery::run() {
  contents_ = list_data_directory(files_, directory_);
  remove_unfinished();
  read_snapshot_headers();
  read_segment_headers();
  count_bytes();
  auto base = load_base();
  bool newer = !base.header.journal_follows && base.header.place > must_reach_;  // from elsewhere: it has all of that
  if (newer || !base.bookmark.empty()) must_reach_ = no_revision;
  if (segments_.empty()) {
    begin_without_journal(std::move(base));
  } else {
    replay(std::move(base));
  }
  files_.sync_directory(directory_);  // the names this start relies on
  result_.log_id = log_id_;
  return std::move(result_);
}

void Recovery::remove_unfinished() {
  for (const auto& path : contents_.unfinished) files_.remove(path);
}

void Recovery::check_log_id(LogId log_id, const fs::path& path) {
  if (!log_id_) {
    log_id_ = log_id;
    log_id_from_ = path;
  } else if (*log_id_ != log_id) {
    throw DamagedData(
        path, 0,
        "belongs to another log than " + log_id_from_.filename().string() +
            ": files of two data directories were mixed. Take out those that do not belong here; if it was kvs "
            "repair that was broken off, all but the snapshot with the highest number");
  }
}

// Only the headers: what must not be mixed or is too new shows before anything is read at length.
void Recovery::read_snapshot_headers() {
  std::erase_if(contents_.snapshots, [this](Revision revision) {
    auto path = snapshot_path(directory_, revision);
    auto file = files_.open_to_read(path);
    auto header = decode_snapshot_header(beginning_of(*file), path);
    if (!header || header->place != revision) {
      result_.notes += path.string() + ", offset 0: not a snapshot of that revision: left out\n";
      return true;
    }
    check_log_id(header->log_id, path);
    if (header->journal_follows && !missing_accepted_) must_reach_ = std::max(must_reach_, header->place);
    if (newest_snapshot_bytes_ == 0) newest_snapshot_bytes_ = file->size();
    return false;
  });
}

void Recovery::read_segment_headers() {
  std::vector<SegmentFile> found;
  for (std::uint64_t number : contents_.segments) {
    auto path = segment_path(directory_, number);
    auto file = files_.open_to_read(path);
    auto header = decode_segment_header(beginning_of(*file), path);
    if (header) check_log_id(header->log_id, path);
    if (header && header->number != number) {
      throw DamagedData(path, 0,
                        "this is segment " + std::to_string(header->number) + " under another name: call it " +
                            segment_path(directory_, header->number).filename().string() +
                            ", or take it out if it is a copy");
    }
    found.push_back({path, number, file->size(), header});
  }
  keep_newest_without_gap(std::move(found));
}

// Below a gap is what was dropped and came back with a crash, or worse: whether that matters shows when a snapshot is
// found. One without a header is no gap yet: without syncing a crash may leave that. The replay decides.
void Recovery::keep_newest_without_gap(std::vector<SegmentFile> found) {
  auto gap = std::ranges::adjacent_find(found.rbegin(), found.rend(), [](const auto& later, const auto& earlier) {
    return earlier.number + 1 != later.number;
  });
  auto first = gap == found.rend() ? found.begin() : gap.base() - 1;
  segments_.assign(std::find_if(first, found.end(), [](const auto& s) { return s.header.has_value(); }), found.end());
}

void Recovery::count_bytes() {
  done_bytes_ = 0;
  all_bytes_ = newest_snapshot_bytes_;
  Revision base = contents_.snapshots.empty() ? no_revision : contents_.snapshots.front();
  for (auto index = first_to_replay(base); index < segments_.size(); ++index) all_bytes_ += segments_[index].size;
}

void Recovery::report(std::uint64_t bytes) const {
  if (progress_) progress_(std::min(done_bytes_ + bytes, all_bytes_), all_bytes_);
}

// The newest good snapshot that the journal reaches back to; without one the journal must reach back to the beginning.
LoadedSnapshot Recovery::load_base() {
  Revision begins = segments_.empty() ? no_revision : segments_.front().header->place;
  auto& snapshots = contents_.snapshots;
  for (auto revision = snapshots.begin(); revision != snapshots.end() && *revision >= begins; ++revision) {
    auto loaded = load_snapshot_of(*revision);
    if (!loaded) continue;
    result_.snapshots.assign(revision, snapshots.end());
    return std::move(*loaded);
  }
  bool from_the_beginning = begins == no_revision && (!segments_.empty() || result_.notes.empty());
  if (!from_the_beginning) refuse_without_base();
  return {};
}

std::optional<LoadedSnapshot> Recovery::load_snapshot_of(Revision revision) {
  auto path = snapshot_path(directory_, revision);
  auto file = files_.open_to_read(path);
  try {
    auto loaded = load_snapshot(*file, path, [this](std::uint64_t bytes) { report(bytes); }, limits_);
    done_bytes_ = newest_snapshot_bytes_;
    return loaded;
  } catch (const DamagedData& damage) {
    result_.notes += std::string(damage.what()) + ": this snapshot is left out\n";
    return {};
  }
}

void Recovery::refuse_without_base() const {
  static const std::string advice = ". Restore the directory from a backup";
  auto notes = result_.notes.empty() ? std::string() : "\n" + result_.notes;
  if (segments_.empty()) throw DamagedData(directory_.string() + ": no good snapshot and no journal" + advice + notes);
  const std::string repair =
      "; or let kvs repair --data-dir " + directory_.string() + " say what would be lost without it, and do so";
  const SegmentFile& first = segments_.front();
  auto what = "the journal that is left begins after revision " + std::to_string(number(first.header->after)) +
              ", and no good snapshot reaches up to there";
  auto before = segment_path(directory_, first.number - 1);
  if (std::ranges::binary_search(contents_.segments, first.number - 1)) {
    throw DamagedJournal(before, 0, "damaged: not the beginning of a journal segment. Without it " + what,
                         advice + repair + notes);
  }
  if (first.number > 1) what += ": " + before.filename().string() + " is missing";
  throw DamagedJournal(first.path, 0, what, advice + repair + notes);
}

std::size_t Recovery::first_to_replay(Revision base) const {
  std::size_t index = segments_.size();
  while (index > 0 && !(segments_[index - 1].header && segments_[index - 1].header->place <= base)) --index;
  return index > 0 ? index - 1 : 0;
}

void Recovery::replay(LoadedSnapshot base) {
  auto begun_with = base.header.place;
  auto begun_with_change = base.header.revision;
  auto first = first_to_replay(begun_with);
  std::vector<SegmentFile> replayed(segments_.begin() + static_cast<std::ptrdiff_t>(first), segments_.end());
  BytesRead read = [this](std::uint64_t bytes) { report(bytes); };
  auto end = Replay(files_, directory_, replayed, must_reach_, read, limits_).run(std::move(base));
  result_.state = std::move(end.state);
  result_.bookmark = std::move(end.bookmark);
  result_.replayed_bytes = end.bytes;
  result_.notes += end.notes;
  auto newest = first + end.newest;
  result_.end = {end.last, end.change, end.batch, segments_[newest].number, end.end};
  if (end.last < begun_with) return begin_behind_snapshot(begun_with, begun_with_change);
  for (std::size_t index = newest; segments_[index].header; --index) {
    result_.segments.insert(result_.segments.begin(), *segments_[index].header);
    if (index == 0) break;
  }
  remove_segments(0, result_.segments.front().number);
}

// The journal lacks what the snapshot was made of (the snapshot came from elsewhere): it would have a gap.
void Recovery::begin_behind_snapshot(Revision place, Revision change) {
  result_.notes += directory_.string() + ": the journal ends at revision " + std::to_string(number(result_.end.last)) +
                   ", the snapshot is of " + std::to_string(number(place)) + ": the history begins there\n";
  remove_segments(0, result_.end.segment + 1);
  result_.end.last = place;
  result_.end.change = change;
  result_.end.offset = 0;
}

// A new directory, or one that was given nothing but a snapshot. A first segment may have been made and not been
// finished: its header is written alone, so anything more than that was a journal once.
void Recovery::begin_without_journal(LoadedSnapshot base) {
  for (std::uint64_t number : contents_.segments) {
    auto path = segment_path(directory_, number);
    auto file = files_.open_to_read(path);
    std::string bytes(static_cast<std::size_t>(file->size()), '\0');
    file->read(0, bytes);
    if (end_of_content(bytes) <= SegmentHeader::size) continue;
    throw DamagedJournal(path, 0, "not the beginning of a journal segment, but it holds something",
                         ". Restore the directory from a backup; or let kvs repair --data-dir " + directory_.string() +
                             " say what would be lost without it, and do so");
  }
  std::string without = "there is no journal beside the snapshot of revision ";
  if (must_reach_ != no_revision)
    throw MissingJournal(directory_, without + std::to_string(number(must_reach_)) + ", which was made with one");
  if (base.header.place != no_revision && base.bookmark.empty())
    result_.notes += directory_.string() + ": " + without + std::to_string(number(base.header.place)) +
                     ", as after a restore or repair; what was written after it, if anything, is lost\n";
  remove_segments(0, UINT64_MAX);
  result_.bookmark = std::move(base.bookmark);
  result_.end.last = base.header.place;
  result_.end.change = base.header.revision;
  result_.state = std::move(base.state);
}

// Lowest first: what is left has no gap.
void Recovery::remove_segments(std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t number : contents_.segments) {
    if (number >= from && number < to) files_.remove(segment_path(directory_, number));
  }
}

}  // namespace kvs
