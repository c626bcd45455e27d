#include "kvs/store/segment_list.hpp"

#include <algorithm>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "kvs/store/damaged_data.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/file_window.hpp"

namespace kvs {
namespace {

constexpr std::size_t piece = 256 * 1024;

[[noreturn]] void throw_compacted() { throw std::out_of_range("the history no longer reaches back this far"); }

// The whole batch at `offset`, if there is one.
std::optional<JournalBatch> batch_at(FileWindow& window, const BatchPlace& place) {
  auto bytes = window.from(place.offset, BatchHeader::size);
  auto length = batch_bytes(bytes);
  if (!length) return {};
  if (*length > bytes.size()) bytes = window.from(place.offset, *length);
  return parse_batch(bytes, place);
}

// Cuts what was added from `first` on, so that all of it is about `max_bytes`, ending after a whole revision and with
// at least one. True if there is no room for more.
bool full(Changes& changes, std::size_t first, std::size_t& bytes, std::size_t max_bytes) {
  for (std::size_t n = first; n < changes.size(); ++n) {
    bool new_revision = n > 0 && changes[n].revision() != changes[n - 1].revision();
    if (new_revision && bytes >= max_bytes) {
      changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(n), changes.end());
      return true;
    }
    bytes += changes[n].record->footprint();
  }
  return bytes >= max_bytes;
}

}  // namespace

SegmentList::SegmentList(FileSystem& files, std::filesystem::path directory, std::uint64_t history_bytes)
    : files_(files), directory_(std::move(directory)), history_bytes_(history_bytes) {}

void SegmentList::add(const SegmentHeader& header, std::uint64_t end, std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  std::uint64_t counted = entries_.empty() ? 0 : entries_.back().counted;
  if (!entries_.empty()) {  // it is complete now
    entries_.back().counted = entries_.back().bytes;
    if (window_ + 1 < entries_.size()) later_ += entries_.back().counted - counted;
    later_ += std::min(end, bytes);
  }
  entries_.push_back(
      {header, end, bytes, std::min(end, bytes), {Mark{SegmentHeader::size, header.first_batch, header.after}}});
  move_window();
}

void SegmentList::grow(std::uint64_t begin, const BatchHeader& batch, Revision before, std::uint64_t end,
                       std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_.back();
  entry.end = end;
  entry.bytes = bytes;
  std::uint64_t counted = std::exchange(entry.counted, std::min(end, bytes));
  if (window_ + 1 < entries_.size()) later_ += entry.counted - counted;
  move_window();
  if (begin >= entry.marks.back().offset + mark_distance) entry.marks.push_back({begin, batch.number, before});
}

// A segment is in the window unless those after it are history enough, or all of it was forgotten.
void SegmentList::move_window() {
  while (window_ + 1 < entries_.size()) {
    const Entry& next = entries_[window_ + 1];
    if (later_ < history_bytes_ && next.header.after > forgotten_) return;
    later_ -= next.counted;
    ++window_;
  }
}

void SegmentList::forget(Revision until) {
  std::lock_guard lock(mutex_);
  forgotten_ = std::max(forgotten_, until);
  move_window();
}

Revision SegmentList::begin() const { return std::max(entries_[window_].header.after, forgotten_); }

Revision SegmentList::oldest() const {
  std::lock_guard lock(mutex_);
  return begin();
}

std::uint64_t SegmentList::bytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.bytes;
  return sum;
}

std::vector<Revision> SegmentList::begins() const {
  std::lock_guard lock(mutex_);
  std::vector<Revision> all;
  for (std::size_t index = window_; index < entries_.size(); ++index)
    all.push_back(std::max(entries_[index].header.after, forgotten_));
  return all;
}

// Nothing to be done for the newest one: where it ends nobody could go on.
void SegmentList::forget_through(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  if (number < entries_.front().header.number || number >= entries_.back().header.number) return;
  forgotten_ = std::max(forgotten_, entries_[number + 1 - entries_.front().header.number].header.after);
  move_window();
}

std::vector<std::uint64_t> SegmentList::drop(Revision needed) {
  std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> dropped;
  while (window_ > 0 && entries_[1].header.place <= needed) {
    dropped.push_back(entries_.front().header.number);
    entries_.erase(entries_.begin());
    --window_;
  }
  return dropped;
}

SegmentList::Part SegmentList::part(std::size_t index, const Mark& from) const {
  Part part{entries_[index].header, entries_[index].end, from, {}};
  if (index + 1 < entries_.size()) part.next_first_batch = entries_[index + 1].header.first_batch;
  return part;
}

std::optional<SegmentList::Part> SegmentList::find(Revision after) const {
  std::lock_guard lock(mutex_);
  if (after < begin()) throw_compacted();
  auto segment = std::ranges::upper_bound(entries_, after, {}, [](const Entry& entry) { return entry.header.after; });
  --segment;  // the window's oldest segment is not above `after`
  auto mark = std::ranges::upper_bound(segment->marks, after, {}, &Mark::after);
  return part(static_cast<std::size_t>(segment - entries_.begin()), *std::prev(mark));
}

std::optional<SegmentList::Part> SegmentList::following(std::uint64_t number) const {
  std::lock_guard lock(mutex_);
  if (number + 1 < entries_.front().header.number) throw_compacted();
  std::size_t index = number + 1 - entries_.front().header.number;
  if (index >= entries_.size()) return {};
  return part(index, entries_[index].marks.front());
}

void SegmentList::remember(std::uint64_t number, const Mark& mark) {
  std::lock_guard lock(mutex_);
  if (number < entries_.front().header.number) return;
  auto& marks = entries_[number - entries_.front().header.number].marks;
  if (mark.offset >= marks.back().offset + mark_distance) marks.push_back(mark);
}

void SegmentList::read_part(const Part& part, Revision after, std::size_t max_bytes, Changes& changes,
                            std::size_t& bytes) {
  auto path = segment_path(directory_, part.header.number);
  auto file = files_.open_to_read(path);
  FileWindow window(*file, piece);
  Mark at = part.from;
  while (at.offset < part.end) {
    auto batch = batch_at(window, {part.header.log_id, part.header.number, at.offset});
    if (!batch || batch->header.number != at.batch) break;
    std::size_t first = changes.size();
    if (batch->header.last > after && !decode_changes(*batch, after, Answers::leave_out, changes)) break;
    if (full(changes, first, bytes, max_bytes)) return;
    at = {at.offset + batch->bytes, at.batch + 1, batch->header.last};
    remember(part.header.number, at);
  }
  bool at_end = part.next_first_batch ? at.batch == *part.next_first_batch : at.offset == part.end;
  if (at_end) return;
  forget_through(part.header.number);
  throw DamagedData(path, at.offset, "there is no whole batch here, where the history was: it begins after it now");
}

Changes SegmentList::read(Revision after, std::size_t max_bytes) {
  Changes changes;
  std::size_t bytes = 0;
  try {
    for (auto part = find(after); part; part = following(part->header.number)) {
      read_part(*part, after, max_bytes, changes, bytes);
      if (bytes >= max_bytes && !changes.empty()) break;
    }
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_file_or_directory) throw_compacted();  // dropped meanwhile
    throw;
  }
  return changes;
}

}  // namespace kvs
