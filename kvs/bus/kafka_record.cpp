// A record of ours: key and value are those of the command, as they are, and the content type has a header of its own,
// so that programs that know nothing of kvs can read the topic. The rest stands in the header `kvs`.
// All numbers little-endian.
//
// header     := crc32c:u32 version:u8 kind:u8 fields:u8 log_id:u64 instance:text (open | command)
// open       := nonce:u64 attempt:u32
// command    := epoch:u64 sequence:u64 [request_id:text] [origin] [conditions] [claim]
// text       := size:u8 byte*
// origin     := kind:u8 port:u16 address:(ipv4: 4, ipv6: 16, else 0)
// conditions := count:u8 condition*
// condition  := kind:u8 [count:u16 revision:u64*] [size:u32 byte*]      revisions: kinds 3, 4   bytes: kind 5
//               kinds: 1 exists, 2 absent, 3 revision_in, 4 revision_not_in, 5 value_is
// claim      := at:u64 value:u64 snapshot:u64                           kind digest, always
//
// crc32c     is over key_size:u32 content_type_size:u32 value_size:u32 (0xFFFFFFFF for NULL), the header after crc32c,
//            key, content type, value
// fields     says what is there, in the order of the bits: 1 request_id, 2 origin, 4 conditions
//            (meant for 8: time to live, 16: idempotency key)
// log_id     0 = not known, in open records only
// kind       1 set        key, value, maybe a content type
//            2 remove     key, NULL value
//            3 barrier, 4 digest, 5 open: NULL key, NULL value
//            (meant for 6: transaction, 7: expire, 8: touch, 9: range delete)
//
// Versions: the first five bytes, and what crc32c covers, are the same in all of them, so that what is newer can be
// told from what is damaged. A reader refuses a version it does not know as a whole. So a writer gives each record the
// oldest version whose readers judge it as he means it: a newer kvs goes on writing plain sets that older ones read,
// and a group of instances can be updated one by one as long as nobody uses what is new. Within a version nothing is
// optional but what is said to be: unknown kinds and fields, or bytes left over, are malformed.
#include "kvs/bus/kafka_record.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "kvs/crc32c.hpp"
#include "kvs/limits.hpp"
#include "kvs/little_endian.hpp"

namespace kvs {
namespace {

enum class Kind : std::uint8_t { set = 1, remove, barrier, digest, open };

namespace field {
constexpr std::uint8_t request_id = 1, origin = 2, conditions = 4, all = 7;
}

constexpr std::size_t fixed_start = 5;  // crc32c and version
constexpr std::size_t max_request_id_size = 128;

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

// What a field of an HTTP head can carry.
bool is_content_type(std::string_view text) {
  auto carried = [](unsigned char c) { return (c >= 0x20 && c != 0x7F) || c == '\t'; };
  return text.size() <= max_content_type_size && std::ranges::all_of(text, carried);
}

bool is_key(std::string_view key) { return !key.empty() && key.size() <= max_key_size; }

// Wire numbers are fixed here, whatever becomes of the enumerators.
std::optional<Kind> wire_kind(Command::Kind kind) {
  switch (kind) {
    case Command::Kind::set:
      return Kind::set;
    case Command::Kind::remove:
      return Kind::remove;
    case Command::Kind::barrier:
      return Kind::barrier;
    case Command::Kind::digest:
      return Kind::digest;
    case Command::Kind::touch:
    case Command::Kind::remove_range:
    case Command::Kind::transaction:
    case Command::Kind::expire:
      break;
  }
  return {};
}

std::optional<Command::Kind> command_kind(Kind kind) {
  switch (kind) {
    case Kind::set:
      return Command::Kind::set;
    case Kind::remove:
      return Command::Kind::remove;
    case Kind::barrier:
      return Command::Kind::barrier;
    case Kind::digest:
      return Command::Kind::digest;
    case Kind::open:
      break;
  }
  return {};
}

constexpr std::array condition_kinds{Condition::Kind::exists, Condition::Kind::absent, Condition::Kind::revision_in,
                                     Condition::Kind::revision_not_in, Condition::Kind::value_is};

std::uint8_t wire_condition(Condition::Kind kind) {
  auto found = std::ranges::find(condition_kinds, kind);
  return static_cast<std::uint8_t>(found - condition_kinds.begin() + 1);
}

bool has_revisions(Condition::Kind kind) {
  return kind == Condition::Kind::revision_in || kind == Condition::Kind::revision_not_in;
}

bool has_key(Command::Kind kind) { return kind == Command::Kind::set || kind == Command::Kind::remove; }

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

bool can_encode(const Condition& condition) {
  return condition.revisions.size() <= UINT16_MAX && condition.value.size() <= UINT32_MAX;
}

bool can_encode(const Command& command) {
  if (!wire_kind(command.kind) || has_key(command.kind) != static_cast<bool>(command.record)) return false;
  if (command.record && !is_key(command.record->key())) return false;
  if (command.record && !is_content_type(command.record->content_type())) return false;
  if (command.request_id.size() > max_request_id_size || !is_visible(command.request_id)) return false;
  if (!command.record && !command.conditions.empty()) return false;
  return command.conditions.size() <= max_conditions &&
         std::ranges::all_of(command.conditions, [](const Condition& one) { return can_encode(one); });
}

void put(const Origin& origin, ByteAppender& out) {
  out.put(static_cast<std::uint8_t>(origin.kind));
  out.put(origin.port);
  out.put(std::string_view(reinterpret_cast<const char*>(origin.address.data()), *address_size(origin.kind)));
}

void put(const Condition& condition, ByteAppender& out) {
  out.put(wire_condition(condition.kind));
  if (has_revisions(condition.kind)) {
    out.put(static_cast<std::uint16_t>(condition.revisions.size()));
    for (Revision revision : condition.revisions) out.put(number(revision));
  }
  if (condition.kind == Condition::Kind::value_is) {
    out.put(static_cast<std::uint32_t>(condition.value.size()));
    out.put(condition.value);
  }
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

std::uint8_t fields_of(const Command& command) {
  std::uint8_t fields = 0;
  if (!command.request_id.empty()) fields |= field::request_id;
  if (command.origin.kind != Origin::Kind::none) fields |= field::origin;
  if (!command.conditions.empty()) fields |= field::conditions;
  return fields;
}

void seal(KafkaRecord& record, std::string& header) {
  record.kvs = header;
  ByteWriter(header.data()).put(checksum(record));
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

const char* get(CheckedReader& in, Condition& condition) {
  auto kind = in.get<std::uint8_t>();
  if (kind < 1 || kind > condition_kinds.size()) return "a condition of no known kind";
  condition.kind = condition_kinds[kind - 1];
  if (has_revisions(condition.kind)) {
    std::size_t count = in.get<std::uint16_t>();
    if (count * sizeof(Revision) > in.left()) return "its header is cut off";  // before anything is allocated
    condition.revisions.resize(count);
    for (Revision& revision : condition.revisions) revision = Revision{in.get<std::uint64_t>()};
  }
  if (condition.kind == Condition::Kind::value_is) condition.value = in.get(in.get<std::uint32_t>());
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

const char* get_fields(CheckedReader& in, std::uint8_t fields, Command& command) {
  if ((fields & field::request_id) != 0) {
    command.request_id = in.get_text();
    bool good = !command.request_id.empty() && command.request_id.size() <= max_request_id_size;
    if (!good || !is_visible(command.request_id)) return "a bad request id";
  }
  if ((fields & field::origin) != 0) {
    if (auto wrong = get(in, command.origin)) return wrong;
  }
  if ((fields & field::conditions) != 0) {
    if (auto wrong = get(in, command.conditions)) return wrong;
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

// Key, value and content type are those of this kind of command.
const char* check_payload(const KafkaRecord& record, Kind kind) {
  if (kind == Kind::set || kind == Kind::remove) {
    if (!record.key || !is_key(*record.key)) return "no key, or one of a bad size";
  } else if (record.key) {
    return "a key where none belongs";
  }
  if (record.value.has_value() != (kind == Kind::set)) return "a value where none belongs, or none where one does";
  if (record.value && record.value->size() > UINT32_MAX) return "a value of 4 GiB or more";
  if (kind != Kind::set && !record.content_type.empty()) return "a content type where none belongs";
  if (!is_content_type(record.content_type)) return "a bad content type";
  return nullptr;
}

const char* get_command(CheckedReader& in, Kind kind, std::uint8_t fields, const KafkaRecord& record,
                        StampedCommand& stamped) {
  Command& command = stamped.command;
  command.kind = *command_kind(kind);
  if (auto wrong = get_stamp(in, stamped.stamp)) return wrong;
  if ((fields & ~field::all) != 0) return "fields of no known kind";
  if ((fields & field::conditions) != 0 && !has_key(command.kind)) return "conditions where none belong";
  if (auto wrong = get_fields(in, fields, command)) return wrong;
  if (command.kind == Command::Kind::digest) {
    command.claim.at = Revision{in.get<std::uint64_t>()};
    command.claim.value = in.get<std::uint64_t>();
    command.claim.snapshot = Revision{in.get<std::uint64_t>()};
  }
  if (!in.at_end()) return "its header is cut off, or longer than it says";
  if (has_key(command.kind)) {
    command.record = Record::make(*record.key, record.value.value_or(std::string_view()), record.content_type);
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
  Kind kind{in.get<std::uint8_t>()};
  auto fields = in.get<std::uint8_t>();
  LogId log_id{in.get<std::uint64_t>()};
  auto instance = in.get_text();
  if (kind != Kind::open && !command_kind(kind)) return MalformedRecord{"of no known kind"};
  if (!is_instance_name(instance)) return MalformedRecord{"a bad instance name"};
  if (auto wrong = check_payload(record, kind)) return MalformedRecord{wrong};
  if (kind == Kind::open) {
    OpenRecord open{{}, instance};
    if (log_id != LogId{}) open.log_id = log_id;
    if (auto wrong = get_open(in, fields, open)) return MalformedRecord{wrong};
    return open;
  }
  StampedCommand stamped{{log_id, instance}, {}};
  if (auto wrong = get_command(in, kind, fields, record, stamped)) return MalformedRecord{wrong};
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

std::optional<KafkaRecord> encode_command(const Command& command, const Stamp& stamp, std::string& header) {
  if (!can_encode(command)) return {};
  assert(stamp.log_id != LogId{} && stamp.epoch != no_revision && stamp.sequence != 0);
  header.clear();
  ByteAppender out(header);
  put_start(*wire_kind(command.kind), fields_of(command), stamp.log_id, stamp.instance, out);
  out.put(number(stamp.epoch));
  out.put(stamp.sequence);
  if (!command.request_id.empty()) out.put_text(command.request_id);
  if (command.origin.kind != Origin::Kind::none) put(command.origin, out);
  if (!command.conditions.empty()) {
    out.put(static_cast<std::uint8_t>(command.conditions.size()));
    for (const Condition& condition : command.conditions) put(condition, out);
  }
  if (command.kind == Command::Kind::digest) put(command.claim, out);

  KafkaRecord record;
  if (has_key(command.kind)) record.key = command.record->key();
  if (command.kind == Command::Kind::set) {
    record.value = command.record->value();
    record.content_type = command.record->content_type();
  }
  seal(record, header);
  return record;
}

KafkaRecord encode_open(const OpenRecord& open, std::string& header) {
  assert(open.nonce != 0 && open.attempt != 0);
  header.clear();
  ByteAppender out(header);
  put_start(Kind::open, 0, open.log_id.value_or(LogId{}), open.instance, out);
  out.put(open.nonce);
  out.put(open.attempt);
  KafkaRecord record;
  seal(record, header);
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
