// The bytes of a journal: how segments and the batches in them are written and recognised. The grammar stands in the
// .cpp.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/change.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// Of segments and snapshots alike. A reader refuses what is newer than itself.
inline constexpr std::uint32_t format_version = 1;

// Throws DamagedData, naming `path`.
void refuse_newer_format(std::uint32_t version, const std::filesystem::path& path);

struct SegmentHeader {
  static constexpr std::size_t size = 64;
  LogId log_id{};
  std::uint64_t number = 0;       // of the segment, from 1, without gaps
  Revision after = no_revision;   // the newest change of a key before the segment
  Revision place = no_revision;   // the place of the newest change or answer before it
  std::uint64_t first_batch = 0;  // the number of its first batch
};

void encode_segment_header(const SegmentHeader& header, std::string& out);
// Nothing if these are not the bytes of a header. Throws DamagedData, naming `path`, for a newer format.
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes, const std::filesystem::path& path);

// Where a batch stands. Part of its checksum, so that bytes of another place, segment or log (or a copy of a journal
// stored as somebody's value) are never taken for a batch.
struct BatchPlace {
  LogId log_id{};
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

struct BatchHeader {
  static constexpr std::size_t size = 40;
  std::uint64_t number = 0;     // one more than that of the batch before, from 1: a missing batch shows
  std::uint64_t durable = 0;    // all batches up to this number were on disk for certain when this one was written
  Revision last = no_revision;  // the place of its last change or answer
};

struct JournalBatch {
  BatchHeader header;
  std::uint64_t bytes = 0;    // on disk, header included
  std::uint32_t count = 0;    // of changes
  std::string_view bookmark;  // where the bus goes on after it, in its own words
  std::string_view changes;   // encoded
};

// Appends the batch to `out`. Throws std::length_error from 4 GiB on.
void encode_batch(const BatchPlace& place, const BatchHeader& header, std::string_view bookmark, const Changes& changes,
                  std::string& out);

// The bytes the batch at the beginning of `bytes` claims to take; nothing if it cannot be one: too short to say, zeros.
std::optional<std::uint64_t> batch_bytes(std::string_view bytes);

// The batch at the beginning of `bytes`; nothing unless it is whole and its checksum right.
std::optional<JournalBatch> parse_batch(std::string_view bytes, const BatchPlace& place);

// The first batch that stands anywhere in `bytes` (the tail of a segment from `place` on), is whole, not older than
// `expected`, and written when `expected` was already durable: the proof that what `expected` should be is not a torn
// end but damage. Gives its offset in the segment.
std::optional<std::uint64_t> find_proof_of_damage(std::string_view bytes, BatchPlace place, std::uint64_t expected);

// Appends the changes newer than `after` to `changes`, answers too or not. False if the bytes are no changes of rising
// revisions up to the batch's last (with a right checksum: written wrongly); some may have been appended then.
enum class Answers : std::uint8_t { leave_out, include };
bool decode_changes(const JournalBatch& batch, Revision after, Answers answers, Changes& changes);

}  // namespace kvs
