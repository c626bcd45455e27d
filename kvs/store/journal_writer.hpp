// The writing end of the journal: batches into the newest segment, one segment after the other.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "kvs/change.hpp"
#include "kvs/store/background.hpp"
#include "kvs/store/fail_stop.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/journal_format.hpp"
#include "kvs/store/prepared_segment.hpp"
#include "kvs/store/segment_list.hpp"

namespace kvs {

struct JournalWriterOptions {
  bool sync = true;
  std::uint64_t first_segment_bytes = 256 * 1024;  // later ones are twice as large as the one before…
  std::uint64_t segment_bytes = 16 * 1024 * 1024;  // …up to this
};

// Where writing goes on.
struct JournalEnd {
  Revision last = no_revision;    // the place of the newest change or answer
  Revision change = no_revision;  // the newest change of a key
  std::uint64_t batch = 0;        // the number of the newest batch
  std::uint64_t segment = 0;      // the number of the newest segment
  std::uint64_t offset = 0;  // where its next batch goes; 0: a new segment is begun, for this one cannot be continued
};

// One thread, but for sync_elsewhere(). Whatever it refers to must outlive it.
class JournalWriter {
 public:
  // Continues the segment (its entry is in `segments` already), or begins a new one, durably, before it returns.
  JournalWriter(FileSystem& files, std::filesystem::path directory, const JournalWriterOptions& options,
                SegmentList& segments, Background& background, LogId log_id, const JournalEnd& end);

  // See Journal::append() and Journal::sync().
  void append(const Changes& changes, std::string_view bookmark);
  void sync();

  // Any thread: everything appended before is on disk once it returns. A failure ends all writing.
  void sync_elsewhere();

  // Bytes appended since the start. Any thread.
  std::uint64_t appended_bytes() const { return appended_.load(std::memory_order_relaxed); }

 private:
  void open_segment(const JournalEnd& end);
  void begin_log();
  void append_batch(const Changes& changes, std::string_view bookmark);
  void encode(const Changes& changes, std::string_view bookmark, const BatchHeader& header);
  void write_buffer();
  void undo_write();
  void next_segment();
  PreparedSegment take_next();
  void prepare_next();
  void retire_file();
  void datasync(File& file);
  void note_written(const BatchHeader& header, const Changes& changes);

  FileSystem& files_;
  std::filesystem::path directory_;
  JournalWriterOptions options_;
  SegmentList& segments_;
  Background& background_;
  FailStop failure_;

  SegmentHeader header_;   // of the segment being written
  std::mutex file_mutex_;  // held to exchange file_, and to take a copy of it on another thread
  std::shared_ptr<File> file_;
  std::uint64_t capacity_ = 0;
  std::uint64_t offset_ = 0;       // where the next batch goes; 0: the header goes first
  Revision last_ = no_revision;    // place of the newest batch
  Revision change_ = no_revision;  // the newest change of a key
  std::uint64_t batch_ = 0;        // its number
  std::uint64_t durable_ = 0;      // all batches up to this number are on disk for certain
  std::future<PreparedSegment> next_;
  std::string buffer_;
  std::size_t batch_begin_ = 0;  // of the batch in buffer_: behind the segment's header, if that goes first
  std::atomic<std::uint64_t> appended_{0};
};

}  // namespace kvs
