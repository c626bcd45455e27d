// All numbers little-endian.
//
// segment := header batch* zero*                        a segment may be shorter or longer than was planned
// header  := magic:8 version:u32 crc32c:u32 log_id:u64 number:u64 after:u64 first_batch:u64 place:u64 zero:8
//            crc32c is over the header with crc32c = 0
// batch   := crc32c:u32 length:u32 number:u64 durable:u64 last:u64 count:u32 bookmark_size:u32 bookmark change*
//            length counts the whole batch; crc32c is over log_id:u64 segment:u64 offset:u64 (its place) and then
//            everything of the batch after crc32c
// change  := op:u8 origin_kind:u8 content_type_size:u8 expires:u8 key_size:u16 port:u16 value_size:u32 version:u32
//            revision:u64 created:u64 modified:i64 (ms since 1970) address:(ipv4: 4, ipv6: 16, else 0)
//            key content_type value deadline:(expires = 1: i64, ms since 1970)
//            of an answer: key = request key, value as in answers.cpp
#include "kvs/store/journal_format.hpp"

#include <algorithm>
#include <stdexcept>

#include "kvs/crc32c.hpp"
#include "kvs/little_endian.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/record_bytes.hpp"

namespace kvs {
namespace {

constexpr std::string_view segment_magic = "kvs jrnl";
constexpr std::size_t crc_offset = 12;   // of the header
constexpr std::size_t change_size = 40;  // without its strings

std::uint32_t place_crc(const BatchPlace& place) {
  char bytes[24];
  ByteWriter out(bytes);
  out.put(number(place.log_id));
  out.put(place.segment);
  out.put(place.offset);
  return crc32c({bytes, sizeof bytes});
}

std::size_t address_size(Origin::Kind kind) {
  if (kind == Origin::Kind::ipv4) return 4;
  return kind == Origin::Kind::ipv6 ? 16 : 0;
}

std::size_t encoded_size(const Change& change) {
  const Record& record = *change.record;
  return change_size + address_size(change.origin.kind) + record.key().size() + record.content_type().size() +
         record.value().size() + (record.expires() ? sizeof(std::int64_t) : 0);
}

void put_change(const Change& change, ByteWriter& out) {
  const Record& record = *change.record;
  const Origin& origin = change.origin;
  out.put(static_cast<std::uint8_t>(change.op));
  out.put(static_cast<std::uint8_t>(origin.kind));
  out.put(static_cast<std::uint8_t>(record.content_type().size()));
  out.put(std::uint8_t{record.expires().has_value()});
  out.put(static_cast<std::uint16_t>(record.key().size()));
  out.put(origin.port);
  out.put(static_cast<std::uint32_t>(record.value().size()));
  out.put(record.version());
  out.put(number(record.revision()));
  out.put(number(record.created_revision()));
  out.put(std::int64_t{record.modified().time_since_epoch().count()});
  out.put(std::string_view(reinterpret_cast<const char*>(origin.address.data()), address_size(origin.kind)));
  out.put(record.key());
  out.put(record.content_type());
  out.put(record.value());
  if (auto expires = record.expires()) out.put(std::int64_t{expires->time_since_epoch().count()});
}

bool known(Op op) { return op >= Op::set && op <= Op::answer; }

// Null record: not a change.
Change get_change(ByteReader& in) {
  if (in.left() < change_size) return {};
  Change change{};
  change.op = Op{in.get<std::uint8_t>()};
  change.origin.kind = Origin::Kind{in.get<std::uint8_t>()};
  std::size_t content_type_size = in.get<std::uint8_t>();
  bool expires = in.get<std::uint8_t>() != 0;
  std::size_t key_size = in.get<std::uint16_t>();
  change.origin.port = in.get<std::uint16_t>();
  std::size_t value_size = in.get<std::uint32_t>();
  auto version = in.get<std::uint32_t>();
  Revision revision{in.get<std::uint64_t>()};
  Revision created{in.get<std::uint64_t>()};
  LogTime modified{std::chrono::milliseconds(in.get<std::int64_t>())};
  std::size_t address = address_size(change.origin.kind);
  std::size_t deadline = expires ? sizeof(std::int64_t) : 0;
  if (!known(change.op) || key_size == 0 || in.left() < address + key_size + content_type_size + value_size + deadline)
    return {};
  std::ranges::copy(in.get(address), reinterpret_cast<char*>(change.origin.address.data()));
  auto key = in.get(key_size);
  auto content_type = in.get(content_type_size);
  change.record = read_record(in, key, value_size, content_type, {revision, created, version, modified, expires});
  return change;
}

// Cheap signs that a batch may begin here; the checksum decides.
bool may_prove_damage(std::string_view bytes, std::uint64_t expected) {
  if (bytes.size() < BatchHeader::size) return false;
  ByteReader in(bytes.substr(8));
  auto batch = in.get<std::uint64_t>();
  auto durable = in.get<std::uint64_t>();
  return batch > expected && durable >= expected && durable < batch;
}

}  // namespace

void refuse_newer_format(std::uint32_t version, const std::filesystem::path& path) {
  if (version <= format_version) return;
  throw DamagedData(path, 0,
                    "written by a newer kvs (format " + std::to_string(version) + ", this one knows " +
                        std::to_string(format_version) + "): start it with that version");
}

void encode_segment_header(const SegmentHeader& header, std::string& out) {
  auto begin = out.size();
  out.resize(begin + SegmentHeader::size);
  ByteWriter writer(out.data() + begin);
  writer.put(segment_magic);
  writer.put(format_version);
  writer.put(std::uint32_t{0});
  writer.put(number(header.log_id));
  writer.put(header.number);
  writer.put(number(header.after));
  writer.put(header.first_batch);
  writer.put(number(header.place));
  ByteWriter(out.data() + begin + crc_offset).put(crc32c(std::string_view(out).substr(begin)));
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, const std::filesystem::path& path) {
  if (bytes.size() < SegmentHeader::size || !bytes.starts_with(segment_magic)) return {};
  std::string copy(bytes.substr(0, SegmentHeader::size));
  ByteReader in(std::string_view(copy).substr(segment_magic.size()));
  refuse_newer_format(in.get<std::uint32_t>(), path);
  auto crc = in.get<std::uint32_t>();
  ByteWriter(copy.data() + crc_offset).put(std::uint32_t{0});
  if (crc != crc32c(copy)) return {};
  SegmentHeader header;
  header.log_id = LogId{in.get<std::uint64_t>()};
  header.number = in.get<std::uint64_t>();
  header.after = Revision{in.get<std::uint64_t>()};
  header.first_batch = in.get<std::uint64_t>();
  header.place = Revision{in.get<std::uint64_t>()};
  bool sensible = header.number != 0 && header.first_batch != 0 && header.after <= header.place &&
                  number(header.place) <= max_revision_number;
  if (!sensible) return {};
  return header;
}

void encode_batch(const BatchPlace& place, const BatchHeader& header, std::string_view bookmark, const Changes& changes,
                  std::string& out) {
  std::size_t length = BatchHeader::size + bookmark.size();
  for (const Change& change : changes) length += encoded_size(change);
  if (length > UINT32_MAX) throw std::length_error("a journal batch of 4 GiB or more");
  auto begin = out.size();
  out.resize(begin + length);
  ByteWriter writer(out.data() + begin + 4);
  writer.put(static_cast<std::uint32_t>(length));
  writer.put(header.number);
  writer.put(header.durable);
  writer.put(number(header.last));
  writer.put(static_cast<std::uint32_t>(changes.size()));
  writer.put(static_cast<std::uint32_t>(bookmark.size()));
  writer.put(bookmark);
  for (const Change& change : changes) put_change(change, writer);
  ByteWriter(out.data() + begin).put(crc32c(std::string_view(out).substr(begin + 4), place_crc(place)));
}

std::optional<std::uint64_t> batch_bytes(std::string_view bytes) {
  if (bytes.size() < BatchHeader::size) return {};
  std::uint64_t length = ByteReader(bytes.substr(4)).get<std::uint32_t>();
  if (length < BatchHeader::size) return {};
  return length;
}

std::optional<JournalBatch> parse_batch(std::string_view bytes, const BatchPlace& place) {
  auto length = batch_bytes(bytes);
  if (!length || *length > bytes.size()) return {};
  bytes = bytes.substr(0, *length);
  ByteReader in(bytes);
  auto crc = in.get<std::uint32_t>();
  if (crc != crc32c(bytes.substr(4), place_crc(place))) return {};
  in.get<std::uint32_t>();
  JournalBatch batch;
  batch.bytes = *length;
  batch.header.number = in.get<std::uint64_t>();
  batch.header.durable = in.get<std::uint64_t>();
  batch.header.last = Revision{in.get<std::uint64_t>()};
  batch.count = in.get<std::uint32_t>();
  std::size_t bookmark_size = in.get<std::uint32_t>();
  if (bookmark_size > in.left()) return {};
  batch.bookmark = in.get(bookmark_size);
  batch.changes = in.get(in.left());
  return batch;
}

std::optional<std::uint64_t> find_proof_of_damage(std::string_view bytes, BatchPlace place, std::uint64_t expected) {
  for (; bytes.size() >= BatchHeader::size; bytes.remove_prefix(1), ++place.offset) {
    if (may_prove_damage(bytes, expected) && parse_batch(bytes, place)) return place.offset;
  }
  return {};
}

bool decode_changes(const JournalBatch& batch, Revision after, Answers answers, Changes& changes) {
  ByteReader in(batch.changes);
  Revision newest = no_revision;
  for (std::uint32_t n = 0; n < batch.count; ++n) {
    Change change = get_change(in);
    if (!change.record || change.revision() < newest || change.revision() > batch.header.last) return false;
    newest = change.revision();
    if (change.op == Op::answer && answers == Answers::leave_out) continue;
    if (change.revision() > after) changes.push_back(std::move(change));
  }
  return in.left() == 0;
}

}  // namespace kvs
