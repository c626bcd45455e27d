#include "kvs/store/tombstone.hpp"

#include <boost/endian/conversion.hpp>
#include <cstring>

namespace kvs {

namespace {

constexpr std::size_t order_size = sizeof(std::uint64_t);
constexpr std::string_view expired = "e";

}  // namespace

bool is_tombstone(const Record& record) {
  return record.key().size() > order_size && record.key().starts_with(tombstone_order(record.revision()));
}

Tombstone read_tombstone(const Record& record) {
  return {record.value() == expired ? Op::expire : Op::remove, record.key().substr(order_size), record.revision(),
          record.modified()};
}

RecordRef make_tombstone(const Change& change) {
  const Record& deleted = *change.record;
  std::string key = tombstone_order(deleted.revision()).append(deleted.key());
  auto record = Record::make(key, change.op == Op::expire ? expired : std::string_view{});
  record->stamp(deleted.revision(), deleted.created_revision(), deleted.version(), deleted.modified());
  return record;
}

std::string tombstone_order(Revision revision) {
  std::uint64_t big = boost::endian::native_to_big(number(revision));
  std::string bytes(order_size, '\0');
  std::memcpy(bytes.data(), &big, order_size);
  return bytes;
}

}  // namespace kvs
