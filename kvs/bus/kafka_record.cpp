// A record of ours: where key and value are those of one key of the store, they are the message's own, as they are, and
// the content type has a header of its own, so that programs that know nothing of kvs can read the topic. The rest
// stands in the header `kvs`.
// All numbers little-endian.
//
// header     := crc32c:u32 version:u8 kind:u8 fields:u8 log_id:u64 instance:text (open | command)
// open       := nonce:u64 attempt:u32
// command    := epoch:u64 sequence:u64 [request_id:text] [origin] [conditions] [ttl:u64] [request_key] [claim | name]
// text       := size:u8 byte*
// name       := size:u16 byte*                                          kinds touch (a key), remove_range (a prefix),
//                                                                       always
// origin     := kind:u8 port:u16 address:(ipv4: 4, ipv6: 16, else 0)
// conditions := count:u8 condition*
// condition  := kind:u8 [count:u16 revision:u64*] [size:u32 byte*]      revisions: kinds 3, 4   bytes: kind 5
//               kinds: 1 exists, 2 absent, 3 revision_in, 4 revision_not_in, 5 value_is
// request_key := key:text payload:u64                                   payload: a digest of what was asked
// claim      := at:u64 value:u64 snapshot:u64                           kind digest, always
//
// crc32c     is over key_size:u32 content_type_size:u32 value_size:u32 (0xFFFFFFFF for NULL), the header after crc32c,
//            key, content type, value
// fields     says what is there, in the order of the bits: 1 request_id, 2 origin, 4 conditions, 8 ttl, 16 request_key
// log_id     0 = not known, in open records only
// ttl        milliseconds, at most max_ttl (so that no log time plus a ttl overflows); where a bit says that there is
//            one, not 0
// kind       1 set           key, value, maybe a content type          may have conditions, ttl, request_key
//            2 remove        key, NULL value                           may have conditions, request_key
//            3 barrier, 4 digest, 5 open: NULL key, NULL value
//            6 transaction   NULL key, value `transaction`             may have request_key
//            7 expire        key, NULL value                           one condition: revision_in of one revision
//            8 touch         NULL key, NULL value, name                may have conditions, ttl, request_key
//            9 remove_range  NULL key, NULL value, name                may have request_key
//
// transaction := checks:u16 check* then:u16 step* otherwise:u16 step*   at most 1,024 checks and 1,024 steps in all
// check       := key:name condition
// step        := kind:u8 key:name [ttl:u64 content_type:text size:u32 byte*]
//                kinds: 1 set (and only then what is in brackets; ttl 0 = none), 2 remove, 3 get
//                no key is written twice in one list: at one revision a key is one thing
//
// What a reader sees who knows key and value only: sets and deletes, also those that conditions will refuse.
// - A touch changes no value: it has no message key, since a key with a NULL value would be a delete.
// - An expire looks like the delete that it is: such a reader knows of no deadlines, and would else keep every key that
//   ever had one. It does nothing if the key has changed or a clock was ahead; then he misses the key until its next
//   set, or as much too early as that clock was ahead. Conditional deletes, which may be refused, are no better.
//   Every instance may propose it; to delete twice does no harm.
// - What a transaction or range delete did he does not see: it names several keys, or none.
//
// Versions: the first five bytes, and what crc32c covers, are the same in all of them, so that what is newer can be
// told from what is damaged. A reader refuses a version it does not know as a whole. So a writer gives each record the
// oldest version whose readers judge it as he means it: a newer kvs goes on writing plain sets that older ones read,
// and a group of instances can be updated one by one as long as nobody uses what is new. Within a version nothing is
// optional but what is said to be: unknown kinds and fields, or bytes left over, are malformed.
#include "kvs/bus/kafka_record.hpp"

#include <algorithm>
#include <cassert>

#include "kvs/bus/kafka_fields.hpp"
#include "kvs/bus/kafka_kinds.hpp"
#include "kvs/bus/kafka_transaction.hpp"
#include "kvs/crc32c.hpp"
#include "kvs/limits.hpp"
#include "kvs/little_endian.hpp"

namespace kvs {

using namespace kafka_kinds;

namespace {

constexpr std::size_t fixed_start = 5;  // crc32c and version

// What may be the key of a command's record: of a range, its prefix.
bool is_named_well(Kind kind, std::string_view name) {
  return is_key(name) || (kind == Kind::remove_range && name.empty());
}

bool is_request_id(std::string_view id) { return !id.empty() && id.size() <= max_request_id_size && is_visible(id); }

bool is_request_key(std::string_view key) {
  return !key.empty() && key.size() <= max_request_key_size && is_visible(key);
}

// An expire is about one revision of its key: without that it would be a delete.
bool names_one_revision(const std::vector<Condition>& conditions) {
  return conditions.size() == 1 && conditions[0].kind == Condition::Kind::revision_in &&
         conditions[0].revisions.size() == 1;
}

// Of an origin's address; none: no kind of origin.
std::optional<std::size_t> address_size(Origin::Kind kind) {
  switch (kind) {
    case Origin::Kind::ipv4:
      return 4;
    case Origin::Kind::ipv6:
      return 16;
    case Origin::Kind::none:
    case Origin::Kind::local:
      return 0;
  }
  return {};
}

// Encoding.

std::uint8_t fields_of(const Command& command) {
  std::uint8_t fields = 0;
  if (!command.request_id.empty()) fields |= field::request_id;
  if (command.origin.kind != Origin::Kind::none) fields |= field::origin;
  if (!command.conditions.empty()) fields |= field::conditions;
  if (command.ttl.count() != 0) fields |= field::ttl;
  if (!command.request_key.empty()) fields |= field::request_key;
  return fields;
}

// What every kind may have.
constexpr std::uint8_t common_fields = field::request_id | field::origin;

bool can_encode_record(const Record* record, const Shape& shape) {
  if (shape.named == Named::nowhere) return !record;
  return record && is_named_well(shape.kind, record->key()) && is_content_type(record->content_type());
}

bool can_encode(const Command& command, const Shape& shape) {
  std::uint8_t fields = fields_of(command);
  if ((fields & ~(common_fields | shape.fields)) != 0) return false;
  if (!can_encode_record(command.record.get(), shape)) return false;
  if ((fields & field::request_id) != 0 && !is_request_id(command.request_id)) return false;
  if ((fields & field::request_key) != 0 && !is_request_key(command.request_key)) return false;
  if (!is_ttl(command.ttl)) return false;
  if (shape.kind == Kind::expire && !names_one_revision(command.conditions)) return false;
  if ((shape.kind == Kind::transaction) != static_cast<bool>(command.transaction)) return false;
  if (command.transaction && !can_encode(*command.transaction)) return false;
  return command.conditions.size() <= max_conditions &&
         std::ranges::all_of(command.conditions, [](const Condition& one) { return can_encode(one); });
}

void put(const Origin& origin, ByteAppender& out) {
  out.put(static_cast<std::uint8_t>(origin.kind));
  out.put(origin.port);
  out.put(std::string_view(reinterpret_cast<const char*>(origin.address.data()), *address_size(origin.kind)));
}

void put(const std::vector<Condition>& conditions, ByteAppender& out) {
  out.put(static_cast<std::uint8_t>(conditions.size()));
  for (const Condition& condition : conditions) put(condition, out);
}

void put(const DigestClaim& claim, ByteAppender& out) {
  out.put(number(claim.at));
  out.put(claim.value);
  out.put(number(claim.snapshot));
}

void put_start(Kind kind, std::uint8_t fields, LogId log_id, std::string_view instance, ByteAppender& out) {
  assert(is_instance_name(instance));
  out.put(std::uint32_t{0});  // crc32c comes last
  out.put(kafka_format_version);
  out.put(static_cast<std::uint8_t>(kind));
  out.put(fields);
  out.put(number(log_id));
  out.put_text(instance);
}

void put_fields(const Command& command, std::uint8_t fields, ByteAppender& out) {
  if ((fields & field::request_id) != 0) out.put_text(command.request_id);
  if ((fields & field::origin) != 0) put(command.origin, out);
  if ((fields & field::conditions) != 0) put(command.conditions, out);
  if ((fields & field::ttl) != 0) put_ttl(command.ttl, out);
  if ((fields & field::request_key) != 0) {
    out.put_text(command.request_key);
    out.put(command.payload);
  }
}

// The header is what stands first in the buffer.
void seal(KafkaRecord& record, std::string& buffer, std::size_t header_size) {
  record.kvs = std::string_view(buffer).substr(0, header_size);
  ByteWriter(buffer.data()).put(checksum(record));
}

// Decoding. Each of these gives what is wrong, or null.

const char* get(CheckedReader& in, Origin& origin) {
  origin.kind = Origin::Kind{in.get<std::uint8_t>()};
  origin.port = in.get<std::uint16_t>();
  auto size = address_size(origin.kind);
  if (!size || origin.kind == Origin::Kind::none) return "an address of no known kind";
  std::ranges::copy(in.get(*size), reinterpret_cast<char*>(origin.address.data()));
  return nullptr;
}

const char* get(CheckedReader& in, std::vector<Condition>& conditions) {
  std::size_t count = in.get<std::uint8_t>();
  if (count == 0 || count > max_conditions) return "no conditions, or too many";
  conditions.resize(count);
  for (Condition& condition : conditions) {
    if (auto wrong = get(in, condition)) return wrong;
  }
  return nullptr;
}

const char* check_fields(std::uint8_t fields, const Shape& shape) {
  if ((fields & ~field::all) != 0) return "fields of no known kind";
  const int extra = fields & ~(common_fields | shape.fields);
  if ((extra & field::conditions) != 0) return "conditions where none belong";
  if ((extra & field::ttl) != 0) return "a time to live where none belongs";
  if ((extra & field::request_key) != 0) return "a request key where none belongs";
  return nullptr;
}

const char* get_fields(CheckedReader& in, std::uint8_t fields, Command& command) {
  if ((fields & field::request_id) != 0) {
    command.request_id = in.get_text();
    if (!is_request_id(command.request_id)) return "a bad request id";
  }
  if ((fields & field::origin) != 0) {
    if (auto wrong = get(in, command.origin)) return wrong;
  }
  if ((fields & field::conditions) != 0) {
    if (auto wrong = get(in, command.conditions)) return wrong;
  }
  if ((fields & field::ttl) != 0) {
    auto ttl = get_ttl(in);
    if (!ttl || ttl->count() == 0) return "a bad time to live";
    command.ttl = *ttl;
  }
  if ((fields & field::request_key) != 0) {
    command.request_key = in.get_text();
    command.payload = in.get<std::uint64_t>();
    if (!is_request_key(command.request_key)) return "a bad request key";
  }
  return nullptr;
}

const char* get_stamp(CheckedReader& in, Stamp& stamp) {
  stamp.epoch = Revision{in.get<std::uint64_t>()};
  stamp.sequence = in.get<std::uint64_t>();
  if (stamp.log_id == LogId{} || stamp.epoch == no_revision || stamp.sequence == 0) {
    return "no log id, epoch or sequence number";
  }
  return nullptr;
}

// Key, value and content type are those of this kind of record.
const char* check_payload(const KafkaRecord& record, const Shape& shape) {
  if (shape.named == Named::in_key) {
    if (!record.key || !is_key(*record.key)) return "no key, or one of a bad size";
  } else if (record.key) {
    return "a key where none belongs";
  }
  if (record.value.has_value() != shape.value) return "a value where none belongs, or none where one does";
  if (record.value && record.value->size() > UINT32_MAX) return "a value of 4 GiB or more";
  if (shape.kind != Kind::set && !record.content_type.empty()) return "a content type where none belongs";
  if (!is_content_type(record.content_type)) return "a bad content type";
  return nullptr;
}

// What comes last in the header.
const char* get_end(CheckedReader& in, const Shape& shape, Command& command, std::string_view& name) {
  if (shape.kind == Kind::digest) {
    command.claim.at = Revision{in.get<std::uint64_t>()};
    command.claim.value = in.get<std::uint64_t>();
    command.claim.snapshot = Revision{in.get<std::uint64_t>()};
  }
  if (shape.named == Named::in_header) name = get_name(in);
  if (!in.at_end()) return "its header is cut off, or longer than it says";
  if (shape.named == Named::in_header && !is_named_well(shape.kind, name)) return "no name, or one of a bad size";
  return nullptr;
}

const char* get_command(CheckedReader& in, const Shape& shape, std::uint8_t fields, const KafkaRecord& record,
                        StampedCommand& stamped) {
  Command& command = stamped.command;
  command.kind = *command_kind(shape.kind);
  if (auto wrong = get_stamp(in, stamped.stamp)) return wrong;
  if (auto wrong = check_fields(fields, shape)) return wrong;
  if (auto wrong = get_fields(in, fields, command)) return wrong;
  std::string_view name = record.key.value_or(std::string_view());
  if (auto wrong = get_end(in, shape, command, name)) return wrong;
  if (shape.kind == Kind::expire && !names_one_revision(command.conditions)) return "an expire of no one revision";
  if (shape.kind == Kind::transaction) {
    command.transaction = std::make_unique<Transaction>();
    return get(*record.value, *command.transaction);
  }
  if (shape.named != Named::nowhere) {
    command.record = Record::make(name, record.value.value_or(std::string_view()), record.content_type);
  }
  return nullptr;
}

const char* get_open(CheckedReader& in, std::uint8_t fields, OpenRecord& open) {
  open.nonce = in.get<std::uint64_t>();
  open.attempt = in.get<std::uint32_t>();
  if (fields != 0) return "fields of no known kind";
  if (!in.at_end()) return "its header is cut off, or longer than it says";
  if (open.nonce == 0 || open.attempt == 0) return "no nonce or attempt";
  return nullptr;
}

DecodedRecord decode_body(CheckedReader& in, const KafkaRecord& record) {
  auto shape = shape_of(Kind{in.get<std::uint8_t>()});
  auto fields = in.get<std::uint8_t>();
  LogId log_id{in.get<std::uint64_t>()};
  auto instance = in.get_text();
  if (!shape) return MalformedRecord{"of no known kind"};
  if (!is_instance_name(instance)) return MalformedRecord{"a bad instance name"};
  if (auto wrong = check_payload(record, *shape)) return MalformedRecord{wrong};
  if (shape->kind == Kind::open) {
    OpenRecord open{{}, instance};
    if (log_id != LogId{}) open.log_id = log_id;
    if (auto wrong = get_open(in, fields, open)) return MalformedRecord{wrong};
    return open;
  }
  StampedCommand stamped{{log_id, instance}, {}};
  if (auto wrong = get_command(in, *shape, fields, record, stamped)) return MalformedRecord{wrong};
  return stamped;
}

DecodedRecord decode_ours(const KafkaRecord& record) {
  if (record.kvs->size() < fixed_start) return MalformedRecord{"its header is cut off"};
  CheckedReader in(*record.kvs);
  if (in.get<std::uint32_t>() != checksum(record)) return MalformedRecord{"its checksum is wrong"};
  auto version = in.get<std::uint8_t>();
  if (version > kafka_format_version) return NewerFormat{version};
  if (version == 0) return MalformedRecord{"of a format there never was"};
  return decode_body(in, record);
}

DecodedRecord decode_foreign(const KafkaRecord& record, std::size_t max_value_size) {
  if (!record.key) return MalformedRecord{"not written by kvs, and has no key"};
  if (!is_key(*record.key)) return MalformedRecord{"not written by kvs, and its key is empty or too long"};
  if (record.value && record.value->size() > std::min<std::size_t>(max_value_size, UINT32_MAX)) {
    return MalformedRecord{"not written by kvs, and its value is too large"};
  }
  ForeignCommand foreign;
  foreign.command.kind = record.value ? Command::Kind::set : Command::Kind::remove;
  bool typed = record.value && is_content_type(record.content_type);
  foreign.command.record = Record::make(*record.key, record.value.value_or(std::string_view()),
                                        typed ? record.content_type : std::string_view());
  return foreign;
}

std::uint32_t size_of(const std::optional<std::string_view>& bytes) {
  return bytes ? static_cast<std::uint32_t>(bytes->size()) : UINT32_MAX;
}

}  // namespace

bool is_instance_name(std::string_view name) {
  return !name.empty() && name.size() <= max_instance_name_size && is_visible(name);
}

std::size_t KafkaRecord::size() const {
  constexpr std::size_t batch = 61;  // its own head
  constexpr std::size_t framing =
      5 + 1 + 10 + 5 + 5 + 5 + 5 + 2 * (5 + 5);  // numbers of variable length at their longest
  constexpr std::size_t names = 3 + 12;          // of the headers
  auto bytes = [](const std::optional<std::string_view>& part) { return part ? part->size() : 0; };
  return batch + framing + names + bytes(key) + bytes(value) + bytes(kvs) + content_type.size();
}

std::uint32_t checksum(const KafkaRecord& record) {
  char sizes[12];
  ByteWriter out(sizes);
  out.put(size_of(record.key));
  out.put(static_cast<std::uint32_t>(record.content_type.size()));
  out.put(size_of(record.value));
  auto header = record.kvs.value_or(std::string_view());
  header.remove_prefix(std::min<std::size_t>(header.size(), sizeof(std::uint32_t)));
  std::uint32_t crc = crc32c({sizes, sizeof sizes});
  crc = crc32c(header, crc);
  crc = crc32c(record.key.value_or(std::string_view()), crc);
  crc = crc32c(record.content_type, crc);
  return crc32c(record.value.value_or(std::string_view()), crc);
}

std::optional<KafkaRecord> encode_command(const Command& command, const Stamp& stamp, std::string& buffer) {
  auto shape = shape_of(command.kind);
  if (!shape || !can_encode(command, *shape)) return {};
  assert(stamp.log_id != LogId{} && stamp.epoch != no_revision && stamp.sequence != 0);
  buffer.clear();
  ByteAppender out(buffer);
  const std::uint8_t fields = fields_of(command);
  put_start(shape->kind, fields, stamp.log_id, stamp.instance, out);
  out.put(number(stamp.epoch));
  out.put(stamp.sequence);
  put_fields(command, fields, out);
  if (shape->kind == Kind::digest) put(command.claim, out);
  if (shape->named == Named::in_header) put_name(command.record->key(), out);
  const std::size_t header_size = buffer.size();
  if (command.transaction) put(*command.transaction, out);

  KafkaRecord record;
  if (shape->named == Named::in_key) record.key = command.record->key();
  if (shape->kind == Kind::set) {
    record.value = command.record->value();
    record.content_type = command.record->content_type();
  }
  if (command.transaction) record.value = std::string_view(buffer).substr(header_size);
  if (record.value && record.value->size() > UINT32_MAX) return {};
  seal(record, buffer, header_size);
  return record;
}

KafkaRecord encode_open(const OpenRecord& open, std::string& buffer) {
  assert(open.nonce != 0 && open.attempt != 0);
  buffer.clear();
  ByteAppender out(buffer);
  put_start(Kind::open, 0, open.log_id.value_or(LogId{}), open.instance, out);
  out.put(open.nonce);
  out.put(open.attempt);
  KafkaRecord record;
  seal(record, buffer, buffer.size());
  return record;
}

std::string to_string(const NewerFormat& newer, std::int64_t offset) {
  return "the record at offset " + std::to_string(offset) + " was written by a newer kvs (format " +
         std::to_string(newer.version) + ", this one knows " + std::to_string(kafka_format_version) +
         "): update this instance";
}

DecodedRecord decode_record(const KafkaRecord& record, std::size_t max_foreign_value_size) {
  return record.kvs ? decode_ours(record) : decode_foreign(record, max_foreign_value_size);
}

}  // namespace kvs
