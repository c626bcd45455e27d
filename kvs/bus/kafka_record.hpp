// What a record of the Kafka topic says: its key, value and headers as a command, and the other way round. The grammar
// stands in the .cpp. Knows no Kafka client; views only, nothing here keeps what it was given.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "kvs/command.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// The newest format this kvs reads. What it writes carries the oldest version whose readers understand it rightly.
inline constexpr std::uint8_t kafka_format_version = 1;

inline constexpr const char* kvs_header_name = "kvs";  // binary, on every record of ours
inline constexpr const char* content_type_header_name = "content-type";

inline constexpr std::size_t max_instance_name_size = 128;
inline constexpr std::size_t max_conditions = 64;  // of one command

// Visible ASCII, 1 to max_instance_name_size bytes.
bool is_instance_name(std::string_view name);

// A record as a client library gives and takes it. "None" is Kafka's NULL; what is there has a data() that is not null,
// also if it is empty.
struct KafkaRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::optional<std::string_view> kvs;  // the last header of that name; a NULL there is an empty one. None: not ours
  std::string_view content_type;        // the last header of that name; empty: none

  // No less than it takes as a batch of its own, headers and framing included: to be compared with message.max.bytes.
  std::size_t size() const;
};

// CRC-32C over key, content type, value and the header `kvs` (without the checksum it begins with), and which of them
// are there. A record of ours carries it; of any record it is what the bookmark remembers.
std::uint32_t checksum(const KafkaRecord& record);

// Who put a command into the topic, and which of theirs it is.
struct Stamp {
  LogId log_id{};
  std::string_view instance;
  Revision epoch = no_revision;  // the place of the instance's open record
  std::uint64_t sequence = 0;    // from 1 in every epoch, rising; each number once
};

// The first record of an epoch: its own place is the epoch. What the instance wrote before it and comes later does not
// count any more.
struct OpenRecord {
  std::optional<LogId> log_id;  // none: the writer has seen no open record yet, perhaps this one names the log
  std::string_view instance;
  std::uint64_t nonce = 0;    // of the process, random, not 0
  std::uint32_t attempt = 0;  // from 1, one more with every open record the process writes: shows the late and doubled
};

// The views of what these two give point into the command, the stamp and `buffer`, which is overwritten: it holds the
// header and the value of a transaction. Keep it from call to call and (but for transactions) nothing is allocated.
// None: the format cannot hold the command (more than max_conditions, a list of more than 65,535 revisions, or what
// should have been refused before: bad sizes, a time to live above max_ttl, too much in a transaction or a key written
// twice there, an expire that is not of one revision, what this kind does not have). What is given decodes to the same;
// without a request key the payload says nothing and is left out.
std::optional<KafkaRecord> encode_command(const Command& command, const Stamp& stamp, std::string& buffer);
KafkaRecord encode_open(const OpenRecord& open, std::string& buffer);

// A command of ours. stamp.instance points into the record.
struct StampedCommand {
  Stamp stamp;
  Command command;
};

// A set or (NULL value) delete by someone who does not know kvs: without conditions, origin and request id. A content
// type that HTTP could not carry is left out.
struct ForeignCommand {
  Command command;
};

// To be skipped, counted and logged with its offset; moves the position like any other.
struct MalformedRecord {
  const char* reason;
};

// A record of ours, undamaged, that only a newer kvs understands: it may change the state, so this instance stops.
struct NewerFormat {
  std::uint8_t version;
};
// "the record at offset 7 was written by a newer kvs (format 2, this one knows 1): …"
std::string to_string(const NewerFormat& newer, std::int64_t offset);

using DecodedRecord = std::variant<StampedCommand, OpenRecord, ForeignCommand, MalformedRecord, NewerFormat>;

// Any bytes at all have an answer; the only exception is std::bad_alloc. Allocates about as much as the record is
// large, and some 200 bytes for every check and step of a transaction. The limit is for values of foreign records:
// those of ours were admitted by the instance that wrote them. All instances must come to the same answer, so give them
// all the same limit.
DecodedRecord decode_record(const KafkaRecord& record, std::size_t max_foreign_value_size);

}  // namespace kvs
