// Reading a record back from bytes: what journal and snapshots have in common.
#pragma once
#include <cstring>
#include <string_view>

#include "kvs/little_endian.hpp"
#include "kvs/record.hpp"

namespace kvs {

struct RecordStamp {
  Revision revision;
  Revision created;
  std::uint32_t version;
  LogTime modified;
  bool expires;  // a deadline follows the value
};

// `in` stands at the value and has all of it, and the deadline if there is one.
inline NewRecord read_record(ByteReader& in, std::string_view key, std::size_t value_size,
                             std::string_view content_type, const RecordStamp& stamp) {
  auto record = stamp.expires ? Record::make_expiring(key, value_size, content_type)
                              : Record::make(key, value_size, content_type);
  std::string_view value = in.get(value_size);
  if (!value.empty()) std::memcpy(record->value_buffer().data(), value.data(), value.size());
  if (stamp.expires) {
    LogTime deadline{std::chrono::milliseconds(in.get<std::int64_t>())};
    record->stamp(stamp.revision, stamp.created, stamp.version, stamp.modified, deadline);
  } else {
    record->stamp(stamp.revision, stamp.created, stamp.version, stamp.modified);
  }
  return record;
}

}  // namespace kvs
