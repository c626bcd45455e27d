#include "kvs/record.hpp"

#include <cassert>
#include <cstring>
#include <new>

#include "kvs/crc32c.hpp"
#include "kvs/slab.hpp"

namespace kvs {

namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of the result.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

Record::Record(std::string_view key, std::size_t value_size, std::string_view content_type, bool expires)
    : value_size_(static_cast<std::uint32_t>(value_size)),
      key_size_(static_cast<std::uint16_t>(key.size())),
      content_type_size_(static_cast<std::uint8_t>(content_type.size())),
      expires_(expires) {
  std::memcpy(bytes(), key.data(), key.size());
  if (!content_type.empty()) std::memcpy(bytes() + key.size(), content_type.data(), content_type.size());
}

NewRecord Record::make(std::string_view key, std::size_t value_size, std::string_view content_type, bool expires) {
  assert(key.size() <= UINT16_MAX && content_type.size() <= UINT8_MAX && value_size <= UINT32_MAX);
  std::size_t size = sizeof(Record) + key.size() + content_type.size() + value_size + (expires ? sizeof(LogTime) : 0);
  void* memory = allocate_small(size);
  return NewRecord(new (memory) Record(key, value_size, content_type, expires));
}

NewRecord Record::make(std::string_view key, std::size_t value_size, std::string_view content_type) {
  return make(key, value_size, content_type, false);
}

NewRecord Record::make_expiring(std::string_view key, std::size_t value_size, std::string_view content_type) {
  auto record = make(key, value_size, content_type, true);
  std::memset(record->bytes() + record->deadline_at(), 0, sizeof(LogTime));
  return record;
}

NewRecord Record::make(std::string_view key, std::string_view value, std::string_view content_type) {
  auto record = make(key, value.size(), content_type);
  if (!value.empty()) std::memcpy(record->value_buffer().data(), value.data(), value.size());
  return record;
}

void Record::stamp(Revision revision, Revision created, std::uint32_t version, LogTime modified) {
  revision_ = revision;
  created_ = created;
  version_ = version;
  modified_ = modified;
}

void Record::stamp(Revision revision, Revision created, std::uint32_t version, LogTime modified, LogTime expires) {
  assert(expires_);
  stamp(revision, created, version, modified);
  std::memcpy(bytes() + deadline_at(), &expires, sizeof expires);
}

std::optional<LogTime> Record::expires() const {
  if (!expires_) return std::nullopt;
  LogTime deadline;
  std::memcpy(&deadline, bytes() + deadline_at(), sizeof deadline);
  return deadline;
}

std::uint64_t Record::digest() const {
  std::size_t size = std::size_t{key_size_} + content_type_size_ + value_size_;
  std::uint64_t sizes = (std::uint64_t{value_size_} << 24) | (std::uint64_t{key_size_} << 8) | content_type_size_;
  std::uint64_t digest = mixed(sizes + crc32c({bytes(), size}) * std::uint64_t{0x9e3779b97f4a7c15});
  digest = mixed(digest + number(revision_));
  digest = mixed(digest + number(created_));
  digest = mixed(digest + version_);
  digest = mixed(digest + static_cast<std::uint64_t>(modified_.time_since_epoch().count()));
  if (!expires_) return digest;
  return mixed(digest + static_cast<std::uint64_t>(expires()->time_since_epoch().count()));
}

void Record::destroy(const Record* record) noexcept {
  const std::size_t size = record->footprint();
  record->~Record();
  deallocate_small(const_cast<Record*>(record), size);
}

}  // namespace kvs
