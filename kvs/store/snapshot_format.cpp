// All numbers little-endian.
//
// snapshot := header block* trailer
// header   := magic:8 version:u16 journal_follows:u16 crc32c:u32 log_id:u64 revision:u64 time:i64 (ms since 1970)
//             digest:u64 place:u64 forgotten:u64
//             crc32c is over the header with crc32c = 0
// block    := crc32c:u32 length:u32 kind:u8 bytes      length counts what follows it
//             kind 1: the bookmark, once, before the others; kind 2: record*, the keys; 3: record*, the tombstones;
//             4: record*, the answers; in this order
//             crc32c goes on from that of the part before it, over everything after itself
// trailer  := a block of kind 0: records:u64           how many there are in all; the file ends here
// record   := revision:u64 created:u64 modified:i64 version:u32 value_size:u32 key_size:u16 content_type_size:u8
//             expires:u8 key content_type value deadline:(expires = 1: i64, ms since 1970)
//             in rising order of the keys' bytes
#include "kvs/store/snapshot_format.hpp"

#include <stdexcept>

#include "kvs/crc32c.hpp"
#include "kvs/little_endian.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/file_window.hpp"
#include "kvs/store/journal_format.hpp"
#include "kvs/store/record_bytes.hpp"
#include "kvs/store/tombstone.hpp"

namespace kvs {
namespace {

constexpr std::string_view snapshot_magic = "kvs snap";
constexpr std::size_t crc_offset = 12;  // of the header
constexpr std::size_t block_header_size = 9;
constexpr std::size_t record_size = 36;         // without its strings
constexpr std::size_t block_size = 128 * 1024;  // stays in the processor's cache between checksum and use
constexpr std::size_t read_size = 1024 * 1024;

void append_record(const Record& record, std::string& out) {
  auto begin = out.size();
  auto expires = record.expires();
  out.resize(begin + record_size + record.key().size() + record.content_type().size() + record.value().size() +
             (expires ? sizeof(std::int64_t) : 0));
  ByteWriter writer(out.data() + begin);
  writer.put(number(record.revision()));
  writer.put(number(record.created_revision()));
  writer.put(std::int64_t{record.modified().time_since_epoch().count()});
  writer.put(record.version());
  writer.put(static_cast<std::uint32_t>(record.value().size()));
  writer.put(static_cast<std::uint16_t>(record.key().size()));
  writer.put(static_cast<std::uint8_t>(record.content_type().size()));
  writer.put(std::uint8_t{expires.has_value()});
  writer.put(record.key());
  writer.put(record.content_type());
  writer.put(record.value());
  if (expires) writer.put(std::int64_t{expires->time_since_epoch().count()});
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
  bool expires = in.get<std::uint8_t>() != 0;
  if (key_size == 0 || in.left() < key_size + content_type_size + value_size + (expires ? sizeof(std::int64_t) : 0))
    return {};
  auto key = in.get(key_size);
  auto content_type = in.get(content_type_size);
  return read_record(in, key, value_size, content_type, {revision, created, version, modified, expires});
}

// All that are there, so that the digest is that of the state as it was. A window that is smaller now cuts them with
// the next one.
StateLimits with_all_answers(StateLimits limits) {
  limits.answers = SIZE_MAX;
  return limits;
}

// Reads a snapshot from front to back.
class SnapshotReader {
 public:
  SnapshotReader(const File& file, const std::filesystem::path& path, const BytesRead& read, StateLimits limits)
      : path_(path),
        read_(read),
        size_(file.size()),
        window_(file, read_size),
        builder_(limits),
        limits_(with_all_answers(limits)) {}

  LoadedSnapshot load() {
    loaded_.header = header();
    while (block()) {
      if (read_) read_(offset_);
    }
    const SnapshotHeader& header = loaded_.header;
    ledger().forget_tombstones(header.forgotten);
    loaded_.state = ledger().commit(header.revision, header.time, header.place);
    bool comparable = limits_.digests && header.digest != 0;
    if (comparable && loaded_.state.digest() != header.digest) damaged("the state's digest does not match");
    return std::move(loaded_);
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
    std::size_t whole = block_header_size - 1 + length;  // the kind is part of the length
    if (length == 0) damaged("a block without a kind");
    bytes = window_.from(offset_, whole);
    if (bytes.size() < whole) damaged("the snapshot ends too early");
    bytes = bytes.substr(0, whole);
    if (crc != crc32c(bytes.substr(sizeof crc), crc_)) damaged("the checksum does not match");
    crc_ = crc;
    auto kind = static_cast<BlockKind>(bytes[block_header_size - 1]);
    content(kind, bytes.substr(block_header_size), offset_ + whole);
    offset_ += whole;
    return kind != BlockKind::trailer;
  }

  void content(BlockKind kind, std::string_view bytes, std::uint64_t end) {
    switch (kind) {
      case BlockKind::bookmark:
        loaded_.bookmark = bytes;
        return;
      case BlockKind::records:
        if (ledger_) damaged("a block of keys behind those that follow all keys");
        return records(bytes, [this](RecordRef record) { builder_.add(std::move(record)); });
      case BlockKind::tombstones:
        return records(bytes, [this](RecordRef record) {
          if (!is_tombstone(*record)) damaged("a tombstone that is none");
          ledger().bury(std::move(record));
        });
      case BlockKind::answers:
        return records(bytes, [this](RecordRef record) { ledger().remember(std::move(record)); });
      case BlockKind::trailer:
        return trailer(bytes, end);
    }
    damaged("a block of a kind that is not known");
  }

  template <class Take>
  void records(std::string_view bytes, Take take) {
    for (ByteReader in(bytes); in.left() > 0; ++records_) {
      auto record = get_record(in);
      if (!record || record->revision() > loaded_.header.place) damaged("the records are not as written");
      try {
        take(std::move(record));
      } catch (const std::invalid_argument&) {
        damaged("the keys are not in order");
      }
    }
  }

  // What comes after the keys is put beside them.
  StateEditor& ledger() {
    if (!ledger_) ledger_.emplace(builder_.finish(loaded_.header.revision, loaded_.header.time), limits_);
    return *ledger_;
  }

  void trailer(std::string_view bytes, std::uint64_t end) {
    if (bytes.size() != sizeof records_ || ByteReader(bytes).get<std::uint64_t>() != records_)
      damaged("records are missing");
    if (end != size_) damaged("something stands behind the end of the snapshot");
  }

  const std::filesystem::path& path_;
  const BytesRead& read_;
  std::uint64_t size_;
  FileWindow window_;
  StateBuilder builder_;
  const StateLimits limits_;
  std::optional<StateEditor> ledger_;
  LoadedSnapshot loaded_;
  std::uint64_t offset_ = 0;
  std::uint64_t records_ = 0;
  std::uint32_t crc_ = 0;
};

}  // namespace

std::optional<SnapshotHeader> decode_snapshot_header(std::string_view bytes, const std::filesystem::path& path) {
  if (bytes.size() < SnapshotHeader::size || !bytes.starts_with(snapshot_magic)) return {};
  std::string copy(bytes.substr(0, SnapshotHeader::size));
  ByteReader in(std::string_view(copy).substr(snapshot_magic.size()));
  refuse_newer_format(in.get<std::uint16_t>(), path);
  auto journal_follows = in.get<std::uint16_t>();
  auto crc = in.get<std::uint32_t>();
  ByteWriter(copy.data() + crc_offset).put(std::uint32_t{0});
  if (crc != crc32c(copy)) return {};
  SnapshotHeader header;
  header.log_id = LogId{in.get<std::uint64_t>()};
  header.revision = Revision{in.get<std::uint64_t>()};
  header.time = LogTime{std::chrono::milliseconds(in.get<std::int64_t>())};
  header.digest = in.get<std::uint64_t>();
  header.place = Revision{in.get<std::uint64_t>()};
  header.forgotten = Revision{in.get<std::uint64_t>()};
  header.journal_follows = journal_follows != 0;
  bool sensible = header.revision <= header.place && header.forgotten <= header.place &&
                  number(header.place) <= max_revision_number;
  if (!sensible) return {};
  return header;
}

SnapshotEncoder::SnapshotEncoder(State state, LogId log_id, std::string bookmark, bool journal_follows)
    : state_(std::move(state)),
      cursor_(state_.begin()),
      log_id_(log_id),
      bookmark_(std::move(bookmark)),
      journal_follows_(journal_follows) {}

std::string_view SnapshotEncoder::next() {
  piece_.clear();
  switch (part_) {
    case Part::header:
      put_header();
      part_ = Part::bookmark;
      return piece_;
    case Part::bookmark:
      put_bookmark();
      part_ = Part::records;
      return piece_;
    case Part::records:
      if (cursor_.get()) return put_block(BlockKind::records);
      part_ = Part::tombstones;
      cursor_ = state_.tombstones_after(no_revision);
      [[fallthrough]];
    case Part::tombstones:
      if (cursor_.get()) return put_block(BlockKind::tombstones);
      part_ = Part::answers;
      cursor_ = state_.answers();
      [[fallthrough]];
    case Part::answers:
      if (cursor_.get()) return put_block(BlockKind::answers);
      part_ = Part::done;
      put_trailer();
      return piece_;
    case Part::done:
      break;
  }
  return {};
}

void SnapshotEncoder::put_header() {
  piece_.resize(SnapshotHeader::size);
  ByteWriter out(piece_.data());
  out.put(snapshot_magic);
  out.put(static_cast<std::uint16_t>(format_version));
  out.put(std::uint16_t{journal_follows_});
  out.put(std::uint32_t{0});
  out.put(number(log_id_));
  out.put(number(state_.revision()));
  out.put(std::int64_t{state_.time().time_since_epoch().count()});
  out.put(state_.digest());
  out.put(number(state_.place()));
  out.put(number(state_.oldest_tombstone()));
  crc_ = crc32c(piece_);
  ByteWriter(piece_.data() + crc_offset).put(crc_);
}

void SnapshotEncoder::put_bookmark() {
  begin_block(BlockKind::bookmark);
  piece_ += bookmark_;
  end_block();
}

std::string_view SnapshotEncoder::put_block(BlockKind kind) {
  piece_.reserve(block_size * 2);
  begin_block(kind);
  for (; piece_.size() < block_size; cursor_.next(), ++records_) {
    const Record* record = cursor_.get();
    if (record == nullptr) break;
    append_record(*record, piece_);
  }
  end_block();
  return piece_;
}

void SnapshotEncoder::put_trailer() {
  begin_block(BlockKind::trailer);
  piece_.resize(block_header_size + sizeof records_);
  ByteWriter(piece_.data() + block_header_size).put(records_);
  end_block();
}

void SnapshotEncoder::begin_block(BlockKind kind) {
  piece_.resize(block_header_size);
  piece_.back() = static_cast<char>(kind);
}

void SnapshotEncoder::end_block() {
  ByteWriter(piece_.data() + 4).put(static_cast<std::uint32_t>(piece_.size() - (block_header_size - 1)));
  crc_ = crc32c(std::string_view(piece_).substr(sizeof crc_), crc_);
  ByteWriter(piece_.data()).put(crc_);
}

LoadedSnapshot load_snapshot(const File& file, const std::filesystem::path& path, const BytesRead& read,
                             StateLimits limits) {
  return SnapshotReader(file, path, read, limits).load();
}

}  // namespace kvs
