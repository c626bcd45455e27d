// All numbers little-endian.
//
// bookmark := magic:4 crc32c:u32 version:u8 next_offset:i64 time:i64 (ms since 1970) read:u8 [last] cluster_id:text
//             fence
//             crc32c is over everything after it; `read` is 1 if `last` is there, else 0; fence: see fence.cpp
// last     := offset:i64 timestamp:i64 checksum:u32
// text     := size:u8 byte*
//
// Magic, crc32c and version stay as they are in every version.
#include "kvs/bus/kafka_bookmark.hpp"

#include "kvs/crc32c.hpp"
#include "kvs/json_text.hpp"
#include "kvs/little_endian.hpp"

namespace kvs {
namespace {

constexpr std::string_view magic = "kvsK";
constexpr std::uint8_t bookmark_version = 1;
constexpr std::size_t crc_offset = 4, checked_offset = 8;

static_assert(max_bookmark_size >= 64 + KafkaBookmark::max_cluster_id_size + Fence::max_encoded_size);

[[noreturn]] void refuse(const std::string& why) {
  throw BusBroken("the place in the Kafka topic that the journal remembers is of no use: " + why);
}

constexpr const char* read_again = "; move the data directory away, and this instance reads the whole topic again";

std::string hex(LogId id) {
  std::string text;
  append_hex16(text, number(id));
  return text;
}

// The version, and what follows it.
std::uint8_t open_envelope(std::string_view bytes, CheckedReader& in) {
  if (in.get(magic.size()) != magic) {
    refuse("it was written by another bus; a data directory stays with the bus it began with (--bus)");
  }
  auto crc = in.get<std::uint32_t>();
  auto version = in.get<std::uint8_t>();
  if (!in.ok() || crc != crc32c(bytes.substr(checked_offset))) refuse(std::string("it is damaged") + read_again);
  return version;
}

// False: not a bookmark, though its checksum is right.
bool get_body(CheckedReader& in, KafkaBookmark& bookmark) {
  bookmark.next_offset = in.get<std::int64_t>();
  bookmark.time = LogTime{std::chrono::milliseconds(in.get<std::int64_t>())};
  auto read = in.get<std::uint8_t>();
  if (read == 1) {
    auto& last = bookmark.last.emplace();
    last.offset = in.get<std::int64_t>();
    last.timestamp = in.get<std::int64_t>();
    last.checksum = in.get<std::uint32_t>();
  }
  bookmark.cluster_id = in.get_text();
  auto fence = Fence::decode(in);
  if (!fence || !in.at_end() || read > 1 || bookmark.next_offset < 0) return false;
  bookmark.fence = std::move(*fence);
  return !bookmark.last || (bookmark.last->offset >= 0 && bookmark.last->offset < bookmark.next_offset);
}

}  // namespace

std::string KafkaBookmark::encode() const {
  std::string bytes;
  ByteAppender out(bytes);
  out.put(magic);
  out.put(std::uint32_t{0});
  out.put(bookmark_version);
  out.put(next_offset);
  out.put(std::int64_t{time.time_since_epoch().count()});
  out.put(static_cast<std::uint8_t>(last.has_value()));
  if (last) {
    out.put(last->offset);
    out.put(last->timestamp);
    out.put(last->checksum);
  }
  out.put_text(std::string_view(cluster_id).substr(0, max_cluster_id_size));
  fence.encode(bytes);
  ByteWriter(bytes.data() + crc_offset).put(crc32c(std::string_view(bytes).substr(checked_offset)));
  return bytes;
}

KafkaBookmark KafkaBookmark::decode(std::string_view bytes, std::optional<LogId> log_id) {
  CheckedReader in(bytes);
  auto version = open_envelope(bytes, in);
  if (version > bookmark_version) {
    refuse("it was written by a newer kvs (format " + std::to_string(version) + ", this one knows " +
           std::to_string(bookmark_version) + "): start it with that version");
  }
  KafkaBookmark bookmark;
  if (version == 0 || !get_body(in, bookmark)) refuse(std::string("it is damaged") + read_again);
  auto own = bookmark.fence.log_id();
  if (log_id && own != log_id) {
    refuse("the journal is of log " + hex(*log_id) + ", the place of " + (own ? "log " + hex(*own) : "none") +
           read_again);
  }
  return bookmark;
}

}  // namespace kvs
