#include "kvs/store/journal.hpp"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <optional>
#include <system_error>

#include "kvs/store/background.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal_writer.hpp"
#include "kvs/store/recovery.hpp"
#include "kvs/store/segment_list.hpp"
#include "kvs/store/snapshot_files.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t smallest_segment = 16 * 1024;

// The history is dropped by whole segments: a small one needs small ones.
JournalWriterOptions writer_options(const JournalOptions& options) {
  JournalWriterOptions made;
  made.sync = options.sync;
  made.segment_bytes = std::min(options.segment_bytes, std::max(options.history_bytes / 4, smallest_segment));
  return made;
}

std::unique_ptr<FileSystem::Lock> lock_directory(FileSystem& files, const fs::path& directory) {
  files.make_directory(directory);
  auto lock = files.lock(lock_path(directory));
  if (!lock) {
    throw std::runtime_error("the data directory " + directory.string() +
                             " is in use by another process: stop that one, or choose another directory");
  }
  return lock;
}

}  // namespace

struct Journal::Body {
  FileSystem& files;
  fs::path directory;
  JournalOptions options;
  std::unique_ptr<FileSystem::Lock> lock;

  // From recover() on:
  JournalEnd end;
  LogId log_id{};  // from begin() on, as is the writer
  SegmentList segments;
  std::optional<SnapshotList> snapshots;
  std::uint64_t replayed_bytes = 0;
  std::uint64_t snapshot_bytes = 0;              // journal bytes that the newest snapshot has made up for
  std::atomic<std::uint64_t> attempt_bytes = 0;  // journal bytes when one was last begun
  std::unique_ptr<JournalWriter> writer;
  Background background;  // last, so that it ends first: its jobs use what stands above

  Body(FileSystem& file_system, fs::path where, const JournalOptions& wanted)
      : files(file_system),
        directory(std::move(where)),
        options(wanted),
        lock(lock_directory(files, directory)),
        segments(files, directory, options.history_bytes),
        background(options.background) {}

  std::uint64_t journal_bytes() const { return replayed_bytes + writer->appended_bytes(); }

  // Segments that are below both the snapshots and the history.
  void drop_segments() {
    auto dropped = segments.drop(snapshots->journal_needed_after());
    if (dropped.empty()) return;
    std::vector<fs::path> paths;
    for (std::uint64_t number : dropped) paths.push_back(segment_path(directory, number));
    remove_in_background(std::move(paths));
  }

  void remove_in_background(std::vector<fs::path> paths) {
    background.run([this, paths = std::move(paths)] {
      for (const auto& path : paths) files.remove(path);  // what fails is removed by a later start
    });
  }
};

Journal::Journal(FileSystem& files, fs::path directory, JournalOptions options)
    : body_(std::make_unique<Body>(files, std::move(directory), options)) {}

Journal::~Journal() = default;

Recovered Journal::recover(const Progress& progress) {
  Body& body = *body_;
  assert(!body.writer);
  auto log = Recovery(body.files, body.directory, progress, body.options.state).run();
  for (const SegmentHeader& header : log.segments) {
    bool newest = header.number == log.end.segment;
    auto size = newest ? log.end.offset : body.files.open_to_read(segment_path(body.directory, header.number))->size();
    body.segments.add(header, newest ? log.end.offset : SegmentList::unknown_end, size);
  }
  body.end = log.end;
  body.snapshots.emplace(std::move(log.snapshots));
  body.replayed_bytes = log.replayed_bytes;
  return {std::move(log.state), log.log_id, std::move(log.bookmark), std::move(log.notes)};
}

void Journal::begin(LogId log_id) {
  Body& body = *body_;
  assert(!body.writer);
  body.log_id = log_id;
  body.writer = std::make_unique<JournalWriter>(body.files, body.directory, writer_options(body.options), body.segments,
                                                body.background, log_id, body.end);
  body.drop_segments();
}

void Journal::append(const Changes& changes, std::string_view bookmark) {
  body_->writer->append(changes, bookmark);
  body_->drop_segments();
}

void Journal::sync() { body_->writer->sync(); }

void Journal::forget(Revision until) {
  body_->segments.forget(until);
  body_->drop_segments();
}

Changes Journal::read(Revision after, std::size_t max_bytes) const { return body_->segments.read(after, max_bytes); }

std::uint64_t Journal::bytes() const { return body_->segments.bytes(); }

Revision Journal::oldest() const { return body_->segments.oldest(); }

std::vector<Revision> Journal::begins() const { return body_->segments.begins(); }

bool Journal::wants_snapshot(const State& state) const {
  const Body& body = *body_;
  auto enough = std::max(body.options.snapshot_after_bytes, state.bytes());
  auto now = body.journal_bytes();
  return now - body.snapshot_bytes > enough && now - body.attempt_bytes > enough / 8;
}

bool Journal::write_snapshot(const State& state, std::string_view bookmark, const std::stop_token& stop) {
  Body& body = *body_;
  body.attempt_bytes = body.journal_bytes();
  if (body.snapshots->has(state.place())) return false;
  body.writer->sync_elsewhere();  // a start must never find a snapshot that the journal does not reach up to
  return write_snapshot_file(body.files, body.directory, state, body.log_id, bookmark, bookmark.empty(), stop);
}

Revision Journal::newest_snapshot() const { return body_->snapshots->newest(); }

void Journal::snapshot_written(Revision revision) {
  Body& body = *body_;
  body.snapshot_bytes = body.attempt_bytes;
  std::vector<fs::path> unneeded;
  for (Revision old : body.snapshots->add(revision)) unneeded.push_back(snapshot_path(body.directory, old));
  if (!unneeded.empty()) body.remove_in_background(std::move(unneeded));
  body.drop_segments();
}

}  // namespace kvs
