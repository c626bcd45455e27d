// Where in the topic an instance goes on reading, and what it must know for that. Travels in Batch::bookmark, so that
// it is journalled in the same write as the changes. The grammar stands in the .cpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/bus/fence.hpp"

namespace kvs {

// The record read last, to be read again and compared on every assign: a topic deleted and made anew, or cut off, is
// noticed that way.
struct LastRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp = 0;  // ms since 1970, as the broker gave it
  std::uint32_t checksum = 0;  // checksum(KafkaRecord)

  bool operator==(const LastRecord&) const = default;
};

struct KafkaBookmark {
  static constexpr std::size_t max_cluster_id_size = 255;

  std::int64_t next_offset = 0;    // control records leave gaps: not always last->offset + 1
  std::optional<LastRecord> last;  // none: nothing was read yet
  LogTime time{};                  // the latest there was; the last record's may be earlier, and no change tells of it
  std::string cluster_id;          // empty: not known; longer ones are cut at max_cluster_id_size
  Fence fence;                     // has the log id

  // At most max_bookmark_size bytes.
  std::string encode() const;

  // The bookmark in `bytes` (not empty: that is Batch::bookmark's "from the beginning"). Throws BusBroken, which names
  // the repair: damaged bytes, a newer format, a bookmark of another bus, one that does not belong to `log_id`, the log
  // the journal is of.
  static KafkaBookmark decode(std::string_view bytes, std::optional<LogId> log_id);

  bool operator==(const KafkaBookmark&) const = default;
};

}  // namespace kvs
