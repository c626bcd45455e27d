#include "kvs/store/replay.hpp"

#include <algorithm>

#include "kvs/store/damaged_data.hpp"
#include "kvs/store/damaged_journal.hpp"
#include "kvs/store/judge.hpp"
#include "kvs/store/missing_journal.hpp"
#include "kvs/store/zeros.hpp"

namespace kvs {

namespace {

constexpr std::uint64_t commit_every = 4 * 1024 * 1024;  // bytes of the journal

}  // namespace

Replay::Replay(FileSystem& files, std::filesystem::path directory, const std::vector<SegmentFile>& segments,
               Revision must_reach, const BytesRead& read, StateLimits limits)
    : files_(files),
      directory_(std::move(directory)),
      segments_(segments),
      must_reach_(must_reach),
      read_(read),
      limits_(limits) {}

ReplayResult Replay::run(LoadedSnapshot base) {
  const SegmentHeader& first = *segments_.front().header;
  log_id_ = first.log_id;
  base_place_ = base.state.place();
  base_revision_ = base.header.revision;
  time_ = base.header.time;
  result_.bookmark = std::move(base.bookmark);
  result_.last = first.place;
  result_.change = first.after;
  result_.batch = first.first_batch - 1;
  result_.end = SegmentHeader::size;
  editor_.emplace(std::move(base.state), limits_);
  for (std::size_t index = 0; index < segments_.size() && replay_segment(index); ++index) continue;
  refuse_missing();
  remove_later_segments();
  bool ends_behind_base = result_.last < base_place_;
  if (!ends_behind_base) result_.change = std::max(result_.change, base_revision_);
  result_.state =
      editor_->commit(ends_behind_base ? base_revision_ : result_.change, time_, std::max(base_place_, result_.last));
  return std::move(result_);
}

// Whole files are read: a segment is small, and its tail decides what its end means. False if the journal ends here.
bool Replay::replay_segment(std::size_t index) {
  const SegmentFile& segment = segments_[index];
  auto bytes = load(index);
  if (!segment.header || segment.header->first_batch != result_.batch + 1) {
    auto content = end_of_content(bytes);
    if (content == 0) {  // made ready, not used yet; or it was used, and all of it is lost
      if (!first_empty_) first_empty_ = index;
      return true;
    }
    refuse_damage(index, 0, bytes.substr(0, content));
    result_.notes += segment.path.string() + ": removed, its first batch was not finished\n";
    return false;
  }
  std::uint64_t offset = SegmentHeader::size;
  while (auto batch = parse_batch(bytes.substr(offset), {log_id_, segment.number, offset})) {
    if (!continues(*batch)) break;
    apply(*batch, segment.path, offset);
    offset += batch->bytes;
  }
  auto content = end_of_content(bytes);
  if (content > offset) refuse_damage(index, offset, bytes.substr(offset, content - offset));
  result_.newest = index;
  result_.end = offset;
  finish_at(index, std::max<std::uint64_t>(content, offset));
  return content <= offset;
}

bool Replay::continues(const JournalBatch& batch) const {
  return batch.header.number == result_.batch + 1 && batch.header.durable <= result_.batch &&
         batch.header.last > result_.last && number(batch.header.last) <= max_revision_number;
}

void Replay::apply(const JournalBatch& batch, const std::filesystem::path& path, std::uint64_t offset) {
  Revision before = result_.last;
  result_.batch = batch.header.number;
  result_.last = batch.header.last;
  if (batch.header.last <= base_place_) return;
  changes_.clear();
  bool good = decode_changes(batch, base_place_, Answers::include, changes_);
  if (!good || (!changes_.empty() && changes_.front().revision() <= before)) {
    throw DamagedJournal(path, offset, "a batch was written wrongly: its checksum is right, its changes are not");
  }
  for (const Change& change : changes_) {
    time_ = change.record->modified();
    if (change.op != Op::answer) result_.change = change.revision();
    kvs::apply(change, *editor_);
  }
  result_.bookmark = batch.bookmark;
  result_.bytes += batch.bytes;
  // What was overwritten goes with a commit, not before.
  if (result_.bytes - committed_bytes_ < commit_every) return;
  committed_bytes_ = result_.bytes;
  editor_->commit(result_.change, time_, result_.last);
}

// What was read may be in the system's memory only: written by a process that ended before it could sync. It is on disk
// before anybody sees it.
void Replay::finish_at(std::size_t index, std::uint64_t content) {
  auto file = files_.open(segments_[index].path);
  if (content > result_.end) {
    write_zeros(*file, result_.end, content);
    result_.notes += segments_[index].path.string() + ": cut " + std::to_string(content - result_.end) +
                     " bytes of an unfinished batch at offset " + std::to_string(result_.end) + "\n";
  }
  file->datasync();
}

// Nothing stands behind its end that could be damaged.
void Replay::refuse_missing() const {
  if (result_.last >= must_reach_) return;
  throw MissingJournal(directory_, "the journal ends at revision " + std::to_string(number(result_.last)) +
                                       ", and a snapshot was made of it at revision " +
                                       std::to_string(number(must_reach_)));
}

// A crash leaves at most one batch unfinished, or, without syncing every batch, any of those since the last sync. So if
// a later batch is there that was written when this one was on disk already, then no crash explains it. Nor if a
// snapshot was made of what came after it.
void Replay::refuse_damage(std::size_t index, std::uint64_t offset, std::string_view tail) {
  auto expected = result_.batch + 1;
  auto proof = find_proof_of_damage(tail, {log_id_, segments_[index].number, offset}, expected);
  std::size_t at = index;
  while (!proof && ++at < segments_.size()) {
    proof = find_proof_of_damage(load(at), {log_id_, segments_[at].number, 0}, expected);
  }
  if (!proof && result_.last >= must_reach_) return;
  std::string why =
      proof ? "but a later one at offset " + std::to_string(*proof) + " of " + segments_[at].path.filename().string()
            : "and the journal has been longer: a snapshot was made of it at revision " +
                  std::to_string(number(must_reach_));
  if (first_empty_) index = *first_empty_, offset = 0;
  throw DamagedJournal(segments_[index].path, offset, "damaged: there is no whole batch here, " + why,
                       ". Restore the directory from a backup; or let kvs repair --data-dir " + directory_.string() +
                           " say what would be lost without it, and do so");
}

// From the last one on, so that there is never a gap.
void Replay::remove_later_segments() {
  bool any = false;
  for (std::size_t index = segments_.size(); --index > result_.newest; any = true) files_.remove(segments_[index].path);
  if (any) files_.sync_directory(directory_);
}

// Valid until the next call.
std::string_view Replay::load(std::size_t index) {
  auto file = files_.open_to_read(segments_[index].path);
  auto size = static_cast<std::size_t>(file->size());
  if (buffer_.size() < size) buffer_.resize(size);
  std::string_view bytes(buffer_.data(), file->read(0, {buffer_.data(), size}));
  bytes_read_ += bytes.size();
  if (read_) read_(bytes_read_);
  return bytes;
}

}  // namespace kvs
