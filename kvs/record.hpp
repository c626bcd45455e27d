// One key with its value at one revision.
#pragma once
#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kvs/revision.hpp"

namespace kvs {

class Record;
// Records are shared by states, history and answers on several threads; the count is atomic.
using RecordRef = boost::intrusive_ptr<const Record>;
// Whoever made a record may still write to it, until it is applied. From then on it is immutable.
using NewRecord = boost::intrusive_ptr<Record>;

// A key, its value and what is known about them, in one allocation (40 bytes + key + content type + value, and 8 if it
// expires): this, once per key, is what the data set costs. A delete is a Record too: its key, revision and time, an
// empty value.
class Record {
 public:
  // key: at most 65,535 bytes, content_type: at most 255, value: below 4 GiB. Throws std::bad_alloc.
  static NewRecord make(std::string_view key, std::string_view value, std::string_view content_type = {});
  // The same with `value_size` bytes to be filled in through value_buffer().
  static NewRecord make(std::string_view key, std::size_t value_size, std::string_view content_type = {});
  // The same with room for a deadline.
  static NewRecord make_expiring(std::string_view key, std::size_t value_size, std::string_view content_type = {});

  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  std::string_view key() const { return {bytes(), key_size_}; }
  std::string_view content_type() const { return {bytes() + key_size_, content_type_size_}; }
  std::string_view value() const { return {bytes() + key_size_ + content_type_size_, value_size_}; }
  std::span<char> value_buffer() { return {bytes() + key_size_ + content_type_size_, value_size_}; }

  Revision revision() const { return revision_; }         // of the change that made this
  Revision created_revision() const { return created_; }  // of the set that created the key
  std::uint32_t version() const { return version_; }      // sets since creation, from 1 (stays at its maximum)
  LogTime modified() const { return modified_; }          // log time of the change

  // From that log time on the key is to go; nothing for one that stays. Takes room that make_expiring() makes.
  std::optional<LogTime> expires() const;

  // Called once, by the judge or by whoever reads it back from disk, before anybody else sees the record.
  void stamp(Revision revision, Revision created, std::uint32_t version, LogTime modified);
  // The same with a deadline; only for a record of make_expiring().
  void stamp(Revision revision, Revision created, std::uint32_t version, LogTime modified, LogTime expires);

  // Bytes of memory this record takes, bookkeeping included.
  std::size_t footprint() const {
    return sizeof(Record) + key_size_ + content_type_size_ + value_size_ + (expires_ ? sizeof(LogTime) : 0);
  }

  // Of all that is stamped and stored; equal records have equal digests.
  std::uint64_t digest() const;

  // References held at the moment. For tests: with more than one thread it is old when it is read.
  std::uint32_t use_count() const { return count_.load(std::memory_order_relaxed); }

 private:
  Record(std::string_view key, std::size_t value_size, std::string_view content_type, bool expires);
  static NewRecord make(std::string_view key, std::size_t value_size, std::string_view content_type, bool expires);
  std::size_t deadline_at() const { return std::size_t{key_size_} + content_type_size_ + value_size_; }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }

  friend void intrusive_ptr_add_ref(const Record* record) noexcept {
    record->count_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const Record* record) noexcept {
    if (record->count_.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(record);
  }
  static void destroy(const Record* record) noexcept;

  mutable std::atomic<std::uint32_t> count_{0};
  std::uint32_t value_size_;
  std::uint32_t version_ = 0;
  std::uint16_t key_size_;
  std::uint8_t content_type_size_;
  bool expires_;  // a LogTime stands behind the value
  Revision revision_{};
  Revision created_{};
  LogTime modified_{};
};
static_assert(sizeof(Record) == 40);

}  // namespace kvs
