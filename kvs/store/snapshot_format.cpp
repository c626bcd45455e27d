// All numbers little-endian.
//
// snapshot := header block* trailer
// header   := magic:8 version:u32 crc32c:u32 log_id:u64 revision:u64 time:i64 (ms since 1970) bus_position:u64 zero:16
//             crc32c is over the header with crc32c = 0
// block    := crc32c:u32 length:u32 record*       length counts the records' bytes, above 0
// trailer  := crc32c:u32 0:u32 records:u64        how many there are in all; the file ends here
//             crc32c of a block or the trailer goes on from that of the part before it, over everything after itself
// record   := revision:u64 created:u64 modified:i64 version:u32 value_size:u32 key_size:u16 content_type_size:u8
// zero:u8
//             key content_type value              in rising order of the keys' bytes
#include "kvs/store/snapshot_format.hpp"

#include <stdexcept>

#include "kvs/crc32c.hpp"
#include "kvs/little_endian.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/file_window.hpp"
#include "kvs/store/journal_format.hpp"

namespace kvs {
namespace {

constexpr std::string_view snapshot_magic = "kvs snap";
constexpr std::size_t crc_offset = 12;  // of the header
constexpr std::size_t block_header_size = 8;
constexpr std::size_t trailer_size = 16;
constexpr std::size_t record_size = 36;         // without its strings
constexpr std::size_t block_size = 128 * 1024;  // stays in the processor's cache between checksum and use
constexpr std::size_t read_size = 1024 * 1024;

void append_record(const Record& record, std::string& out) {
  auto begin = out.size();
  out.resize(begin + record_size + record.key().size() + record.content_type().size() + record.value().size());
  ByteWriter writer(out.data() + begin);
  writer.put(number(record.revision()));
  writer.put(number(record.created_revision()));
  writer.put(std::int64_t{record.modified().time_since_epoch().count()});
  writer.put(record.version());
  writer.put(static_cast<std::uint32_t>(record.value().size()));
  writer.put(static_cast<std::uint16_t>(record.key().size()));
  writer.put(static_cast<std::uint8_t>(record.content_type().size()));
  writer.put(std::uint8_t{0});
  writer.put(record.key());
  writer.put(record.content_type());
  writer.put(record.value());
}

// Null if the bytes are no record.
RecordRef get_record(ByteReader& in) {
  if (in.left() < record_size) return {};
  Revision revision{in.get<std::uint64_t>()};
  Revision created{in.get<std::uint64_t>()};
  LogTime modified{std::chrono::milliseconds(in.get<std::int64_t>())};
  auto version = in.get<std::uint32_t>();
  std::size_t value_size = in.get<std::uint32_t>();
  std::size_t key_size = in.get<std::uint16_t>();
  std::size_t content_type_size = in.get<std::uint8_t>();
  in.get<std::uint8_t>();
  if (in.left() < key_size + content_type_size + value_size) return {};
  auto key = in.get(key_size);
  auto content_type = in.get(content_type_size);
  auto record = Record::make(key, in.get(value_size), content_type);
  record->stamp(revision, created, version, modified);
  return record;
}

// Reads a snapshot from front to back.
class SnapshotReader {
 public:
  SnapshotReader(const File& file, const std::filesystem::path& path, const BytesRead& read)
      : path_(path), read_(read), size_(file.size()), window_(file, read_size) {}

  LoadedSnapshot load() {
    LoadedSnapshot loaded;
    loaded.header = header();
    while (block()) {
      if (read_) read_(offset_);
    }
    loaded.state = builder_.finish(loaded.header.revision, loaded.header.time);
    return loaded;
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const { throw DamagedData(path_, offset_, what); }

  SnapshotHeader header() {
    auto bytes = window_.from(0, SnapshotHeader::size);
    auto header = decode_snapshot_header(bytes, path_);
    if (!header) damaged("not the beginning of a snapshot");
    crc_ = ByteReader(bytes.substr(crc_offset)).get<std::uint32_t>();
    offset_ = SnapshotHeader::size;
    return *header;
  }

  // False once it was the trailer.
  bool block() {
    auto bytes = window_.from(offset_, block_header_size);
    if (bytes.size() < block_header_size) damaged("the snapshot ends too early");
    ByteReader in(bytes);
    auto crc = in.get<std::uint32_t>();
    std::size_t length = in.get<std::uint32_t>();
    std::size_t whole = length == 0 ? trailer_size : block_header_size + length;
    bytes = window_.from(offset_, whole);
    if (bytes.size() < whole) damaged("the snapshot ends too early");
    bytes = bytes.substr(0, whole);
    if (crc != crc32c(bytes.substr(sizeof crc), crc_)) damaged("the checksum does not match");
    crc_ = crc;
    bytes.remove_prefix(block_header_size);
    if (length == 0) {
      trailer(bytes);
    } else {
      records(bytes);
    }
    offset_ += whole;
    return length != 0;
  }

  void records(std::string_view bytes) {
    for (ByteReader in(bytes); in.left() > 0; ++records_) {
      auto record = get_record(in);
      if (!record) damaged("the records are not as written");
      try {
        builder_.add(std::move(record));
      } catch (const std::invalid_argument&) {
        damaged("the keys are not in order");
      }
    }
  }

  void trailer(std::string_view bytes) {
    if (ByteReader(bytes).get<std::uint64_t>() != records_) damaged("records are missing");
    if (offset_ + trailer_size != size_) damaged("something stands behind the end of the snapshot");
  }

  const std::filesystem::path& path_;
  const BytesRead& read_;
  std::uint64_t size_;
  FileWindow window_;
  StateBuilder builder_;
  std::uint64_t offset_ = 0;
  std::uint64_t records_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace

std::optional<SnapshotHeader> decode_snapshot_header(std::string_view bytes, const std::filesystem::path& path) {
  if (bytes.size() < SnapshotHeader::size || !bytes.starts_with(snapshot_magic)) return {};
  std::string copy(bytes.substr(0, SnapshotHeader::size));
  ByteReader in(std::string_view(copy).substr(snapshot_magic.size()));
  refuse_newer_format(in.get<std::uint32_t>(), path);
  auto crc = in.get<std::uint32_t>();
  ByteWriter(copy.data() + crc_offset).put(std::uint32_t{0});
  if (crc != crc32c(copy)) return {};
  SnapshotHeader header;
  header.log_id = LogId{in.get<std::uint64_t>()};
  header.revision = Revision{in.get<std::uint64_t>()};
  header.time = LogTime{std::chrono::milliseconds(in.get<std::int64_t>())};
  header.bus_position = in.get<std::uint64_t>();
  return header;
}

SnapshotEncoder::SnapshotEncoder(State state, LogId log_id, std::uint64_t bus_position)
    : state_(std::move(state)), cursor_(state_.begin()), log_id_(log_id), bus_position_(bus_position) {}

std::string_view SnapshotEncoder::next() {
  piece_.clear();
  if (part_ == Part::header) {
    put_header();
    part_ = Part::blocks;
  } else if (part_ == Part::blocks && cursor_.get() != nullptr) {
    put_block();
  } else if (part_ != Part::done) {
    put_trailer();
    part_ = Part::done;
  }
  return piece_;
}

void SnapshotEncoder::put_header() {
  piece_.resize(SnapshotHeader::size);
  ByteWriter out(piece_.data());
  out.put(snapshot_magic);
  out.put(format_version);
  out.put(std::uint32_t{0});
  out.put(number(log_id_));
  out.put(number(state_.revision()));
  out.put(std::int64_t{state_.time().time_since_epoch().count()});
  out.put(bus_position_);
  crc_ = crc32c(piece_);
  ByteWriter(piece_.data() + crc_offset).put(crc_);
}

void SnapshotEncoder::put_block() {
  piece_.reserve(block_size * 2);
  piece_.resize(block_header_size);
  for (; piece_.size() < block_size; cursor_.next(), ++records_) {
    const Record* record = cursor_.get();
    if (record == nullptr) break;
    append_record(*record, piece_);
  }
  ByteWriter(piece_.data() + 4).put(static_cast<std::uint32_t>(piece_.size() - block_header_size));
  put_checksum();
}

void SnapshotEncoder::put_trailer() {
  piece_.resize(trailer_size);
  ByteWriter(piece_.data() + block_header_size).put(records_);
  put_checksum();
}

void SnapshotEncoder::put_checksum() {
  crc_ = crc32c(std::string_view(piece_).substr(sizeof crc_), crc_);
  ByteWriter(piece_.data()).put(crc_);
}

LoadedSnapshot load_snapshot(const File& file, const std::filesystem::path& path, const BytesRead& read) {
  return SnapshotReader(file, path, read).load();
}

}  // namespace kvs
