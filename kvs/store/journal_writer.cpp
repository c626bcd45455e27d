#include "kvs/store/journal_writer.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>
#include <system_error>

#include "kvs/give_back.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/out_of_space.hpp"

namespace kvs {
namespace {

constexpr std::size_t buffer_kept = 4 * 1024 * 1024;  // more than this is given back after a large batch

}  // namespace

JournalWriter::JournalWriter(FileSystem& files, std::filesystem::path directory, const JournalWriterOptions& options,
                             SegmentList& segments, Background& background, LogId log_id, const JournalEnd& end)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      segments_(segments),
      background_(background),
      last_(end.last),
      change_(end.change),
      batch_(end.batch),
      durable_(end.batch) {
  header_.log_id = log_id;
  header_.number = end.segment;
  if (end.offset == 0) {
    begin_log();
  } else {
    open_segment(end);
  }
}

void JournalWriter::open_segment(const JournalEnd& end) {
  file_ = files_.open(segment_path(directory_, end.segment));
  offset_ = end.offset;
  capacity_ = std::max(file_->size(), std::min(options_.first_segment_bytes, options_.segment_bytes));
}

// The header goes to disk by itself, so that the log id is settled before anybody hears of it.
void JournalWriter::begin_log() {
  prepare_next();
  next_segment();
  buffer_.clear();
  encode_segment_header(header_, buffer_);
  file_->write(0, buffer_);
  file_->datasync();
  offset_ = SegmentHeader::size;
  segments_.add(header_, offset_, offset_);
}

void JournalWriter::append(const Changes& changes, std::string_view bookmark) {
  assert(!changes.empty());
  failure_.check();
  try {
    append_batch(changes, bookmark);
  } catch (const OutOfSpace&) {
    throw;
  } catch (const std::length_error& error) {  // of a batch that was not written, for it has no form
    throw OutOfSpace(error.what());
  } catch (...) {
    failure_.fail(std::current_exception());
    throw;
  }
}

void JournalWriter::append_batch(const Changes& changes, std::string_view bookmark) {
  BatchHeader header{batch_ + 1, durable_, changes.back().revision()};
  encode(changes, bookmark, header);
  if (offset_ > SegmentHeader::size && offset_ + buffer_.size() > capacity_) {
    next_segment();
    encode(changes, bookmark, header);  // its place has changed
  }
  write_buffer();
  if (options_.sync) {
    file_->datasync();
    durable_ = header.number;
  }
  note_written(header, changes);
  if (!next_.valid() && offset_ > capacity_ / 2) prepare_next();
}

void JournalWriter::encode(const Changes& changes, std::string_view bookmark, const BatchHeader& header) {
  if (buffer_.capacity() > buffer_kept) give_back(buffer_);
  buffer_.clear();
  if (offset_ == 0) encode_segment_header(header_, buffer_);
  batch_begin_ = buffer_.size();
  encode_batch({header_.log_id, header_.number, offset_ + batch_begin_}, header, bookmark, changes, buffer_);
}

void JournalWriter::write_buffer() {
  try {
    file_->write(offset_, buffer_);
  } catch (const std::system_error& error) {
    if (!is_out_of_space(error)) throw;
    undo_write();
    throw OutOfSpace(error.what());
  }
}

// Some of the batch may be in the file, even all of it that is not zero. It must be gone for certain before anybody is
// told that it was not written.
void JournalWriter::undo_write() {
  file_->truncate(offset_);
  file_->datasync();
}

void JournalWriter::note_written(const BatchHeader& header, const Changes& changes) {
  auto begin = offset_ + batch_begin_;
  auto before = change_;
  if (offset_ == 0) segments_.add(header_, SegmentHeader::size, 0);
  offset_ += buffer_.size();
  batch_ = header.number;
  last_ = header.last;
  auto change = std::find_if(changes.rbegin(), changes.rend(), [](const Change& one) { return one.op != Op::answer; });
  if (change != changes.rend()) change_ = change->revision();
  appended_.fetch_add(buffer_.size(), std::memory_order_relaxed);
  segments_.grow(begin, header, before, offset_, options_.sync ? std::max(capacity_, offset_) : offset_);
}

void JournalWriter::next_segment() {
  PreparedSegment next = take_next();
  retire_file();
  {
    std::lock_guard lock(file_mutex_);
    file_ = std::move(next.file);
  }
  capacity_ = next.capacity;
  offset_ = 0;
  ++header_.number;
  header_.after = change_;
  header_.place = last_;
  header_.first_batch = batch_ + 1;
}

PreparedSegment JournalWriter::take_next() {
  if (next_.valid()) {
    try {
      return next_.get();
    } catch (const std::system_error& error) {
      if (!is_out_of_space(error)) throw;  // else that was then: there may be room by now
    }
  }
  prepare_next();
  try {
    return next_.get();
  } catch (const std::system_error& error) {
    if (is_out_of_space(error)) throw OutOfSpace(error.what());
    throw;
  }
}

void JournalWriter::prepare_next() {
  auto capacity = std::min(std::max(capacity_ * 2, options_.first_segment_bytes), options_.segment_bytes);
  next_ = background_.run([this, number = header_.number + 1, capacity] {
    return prepare_segment(files_, directory_, number, capacity, options_.sync);
  });
}

// What was not synced batch by batch is synced once its segment is complete, so that sync() never has more than one to
// do.
void JournalWriter::retire_file() {
  if (options_.sync || !file_) return;
  background_.run([this, file = file_] { datasync(*file); });
}

void JournalWriter::datasync(File& file) {
  try {
    file.datasync();
  } catch (...) {
    failure_.fail(std::current_exception());
    throw;
  }
}

void JournalWriter::sync() {
  failure_.check();
  if (durable_ == batch_) return;
  background_.drain();
  failure_.check();
  datasync(*file_);
  durable_ = batch_;
}

void JournalWriter::sync_elsewhere() {
  failure_.check();
  if (options_.sync) return;
  std::shared_ptr<File> file;
  {
    std::lock_guard lock(file_mutex_);
    file = file_;
  }
  background_.drain();
  failure_.check();
  datasync(*file);
}

}  // namespace kvs
