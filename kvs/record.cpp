#include "kvs/record.hpp"

#include <cassert>
#include <cstring>
#include <new>

#include "kvs/slab.hpp"

namespace kvs {

Record::Record(std::string_view key, std::size_t value_size, std::string_view content_type)
    : value_size_(static_cast<std::uint32_t>(value_size)),
      key_size_(static_cast<std::uint16_t>(key.size())),
      content_type_size_(static_cast<std::uint8_t>(content_type.size())) {
  std::memcpy(bytes(), key.data(), key.size());
  if (!content_type.empty()) std::memcpy(bytes() + key.size(), content_type.data(), content_type.size());
}

NewRecord Record::make(std::string_view key, std::size_t value_size, std::string_view content_type) {
  assert(key.size() <= UINT16_MAX && content_type.size() <= UINT8_MAX && value_size <= UINT32_MAX);
  void* memory = allocate_small(sizeof(Record) + key.size() + content_type.size() + value_size);
  return NewRecord(new (memory) Record(key, value_size, content_type));
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

void Record::destroy(const Record* record) noexcept {
  const std::size_t size = record->footprint();
  record->~Record();
  deallocate_small(const_cast<Record*>(record), size);
}

}  // namespace kvs
