#include "kvs/store/snapshot_intake.hpp"

#include <array>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal_format.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

std::string beginning_of(FileSystem& files, const fs::path& path) {
  std::array<char, SegmentHeader::size> bytes;
  static_assert(SegmentHeader::size == SnapshotHeader::size);
  return {bytes.data(), files.open_to_read(path)->read(0, bytes)};
}

}  // namespace

SnapshotIntake::SnapshotIntake(FileSystem& files, fs::path directory)
    : files_(files), directory_(std::move(directory)), unfinished_(unfinished_snapshot_path(directory_)) {
  files_.make_directory(directory_);
  lock_ = files_.lock(lock_path(directory_));
  if (!lock_) throw std::runtime_error("the data directory " + directory_.string() + " is in use by another process");
  file_ = files_.create(unfinished_);
}

SnapshotIntake::~SnapshotIntake() {
  if (!file_) return;
  try {
    files_.remove(unfinished_);
  } catch (const std::system_error&) {
    // The next start removes it.
  }
}

void SnapshotIntake::take(std::string_view bytes) {
  file_->write(size_, bytes);
  size_ += bytes.size();
}

void SnapshotIntake::check_log(LogId log_id) const {
  auto differs = [&](const auto& header) { return header && header->log_id != log_id; };
  bool other = false;
  DirectoryContents contents = list_data_directory(files_, directory_);
  for (Revision revision : contents.snapshots) {
    fs::path path = snapshot_path(directory_, revision);
    other = other || differs(decode_snapshot_header(beginning_of(files_, path), path));
  }
  for (std::uint64_t number : contents.segments) {
    fs::path path = segment_path(directory_, number);
    other = other || differs(decode_segment_header(beginning_of(files_, path), path));
  }
  if (other)
    throw std::runtime_error("the snapshot is of another history than the data directory " + directory_.string() +
                             ": choose another directory, or another server to get it from");
}

SnapshotHeader SnapshotIntake::finish() {
  SnapshotHeader header = load_snapshot(*file_, unfinished_).header;
  if (header.place == no_revision) throw std::runtime_error("the snapshot is of an empty store: it helps nobody");
  check_log(header.log_id);
  file_->datasync();
  files_.rename(unfinished_, snapshot_path(directory_, header.place));
  file_.reset();
  files_.sync_directory(directory_);
  return header;
}

}  // namespace kvs
