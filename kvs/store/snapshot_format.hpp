// The bytes of a snapshot: a State as a stream, and back. The grammar stands in the .cpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

struct SnapshotHeader {
  static constexpr std::size_t size = 64;
  LogId log_id{};
  Revision revision = no_revision;   // State::revision()
  Revision place = no_revision;      // State::place()
  Revision forgotten = no_revision;  // State::oldest_tombstone()
  LogTime time{};
  std::uint64_t digest = 0;  // State::digest(); 0: none was kept
  // A journal that reaches up to it was on disk, beside it, before it was, and no bus has what is in it: without one
  // something was taken away.
  bool journal_follows = false;
};

// Nothing if these are not the bytes of a header. Throws DamagedData, naming `path`, for a newer format.
std::optional<SnapshotHeader> decode_snapshot_header(std::string_view bytes, const std::filesystem::path& path);

// What a block of a snapshot holds.
enum class BlockKind : std::uint8_t { trailer = 0, bookmark = 1, records = 2, tombstones = 3, answers = 4 };

// Writes a State out piece by piece. Holds it until the end.
class SnapshotEncoder {
 public:
  SnapshotEncoder(State state, LogId log_id, std::string bookmark, bool journal_follows = false);

  // The next piece, about 128 KiB and whole records; valid until the next call. Empty after the last.
  std::string_view next();
  const State& state() const { return state_; }

 private:
  void put_header();
  void put_bookmark();
  std::string_view put_block(BlockKind kind);
  void put_trailer();
  void begin_block(BlockKind kind);
  void end_block();

  State state_;
  State::Cursor cursor_;
  LogId log_id_;
  std::string bookmark_;
  bool journal_follows_;
  std::uint64_t records_ = 0;
  std::uint32_t crc_ = 0;  // of the piece before: pieces are chained
  enum class Part : std::uint8_t { header, bookmark, records, tombstones, answers, done } part_ = Part::header;
  std::string piece_;
};

struct LoadedSnapshot {
  SnapshotHeader header;
  std::string bookmark;  // where the bus goes on after this state, in its own words
  State state;
};

// Told from time to time how many bytes were read.
using BytesRead = std::function<void(std::uint64_t)>;

// The whole of a snapshot. Throws DamagedData, naming `path` and the offset, for anything else.
LoadedSnapshot load_snapshot(const File& file, const std::filesystem::path& path, const BytesRead& read = {},
                             StateLimits limits = {});

}  // namespace kvs
