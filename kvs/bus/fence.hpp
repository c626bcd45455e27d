// Whose records count. Every instance keeps the same table from the same records, and so all of them ignore the same
// ones: those of a process that has been replaced, doubled ones, late ones.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/bus/kafka_record.hpp"
#include "kvs/little_endian.hpp"

namespace kvs {

// What became of an open record.
enum class Opening : std::uint8_t {
  counts,     // its place is the instance's epoch from now on
  repeated,   // this process has opened with this attempt or a later one already: nothing changes
  other_log,  // written for another log: nothing changes
};

// Whether a command of ours is to be applied.
enum class Admission : std::uint8_t {
  counts,
  other_log,     // written for another log
  not_opened,    // no open record of this instance is known (any more)
  other_epoch,   // of an epoch that has been closed by a newer open record (or of none there ever was)
  not_in_order,  // its sequence number or a later one has been seen: doubled, or late
};

// For the log: why a record is ignored.
const char* to_string(Opening opening);
const char* to_string(Admission admission);

// All of it is a function of the records it was shown, in the topic's order from the topic's beginning: nothing
// else (no clock, no setting) may ever decide here. Copying is cheap for the usual handful of instances.
class Fence {
 public:
  // The one heard longest ago is forgotten first; it is heard again when it writes a new open record.
  static constexpr std::size_t max_instances = 1000;
  static constexpr std::size_t max_encoded_size = 200'000;

  // The nonce of the first open record there ever was; none: there was none yet.
  std::optional<LogId> log_id() const { return log_id_; }

  // `place` rises from call to call, of both.
  // If it counts and the instance is ours: with our nonce, `place` is our epoch (also if we have one already: an open
  // record of ours that we thought lost has come by). With another nonce and after one of ours, the name is taken
  // twice.
  Opening open(const OpenRecord& open, Revision place, LogTime time);
  // A command of our newest epoch that does not count (somebody forges, or we were forgotten): only a new open record
  // of ours makes the next ones count.
  Admission admit(const Stamp& stamp, Revision place, LogTime time);

  // What a digest command says of its instance's newest snapshot; right after admit() has found that it counts.
  // Forgotten when another process opens.
  void note_snapshot(std::string_view instance, Revision snapshot);

  // The newest epoch of an instance; none if it is not known (any more): then nothing it writes counts before it has
  // written a new open record.
  std::optional<Revision> epoch(std::string_view instance) const;

  std::vector<BusMember> members() const;  // by name

  // For the bookmark. decode() gives nothing for bytes that are not a whole table; never throws but std::bad_alloc.
  void encode(std::string& out) const;
  static std::optional<Fence> decode(CheckedReader& in);

  bool operator==(const Fence&) const = default;

 private:
  struct Instance {
    Revision epoch = no_revision;
    std::uint64_t nonce = 0;
    std::uint32_t attempt = 0;
    std::uint64_t sequence = 0;  // the last one seen in this epoch
    Revision snapshot = no_revision;
    Revision heard_at = no_revision;
    LogTime heard{};
    bool operator==(const Instance&) const = default;
  };
  void forget_one();

  std::optional<LogId> log_id_;
  std::map<std::string, Instance, std::less<>> instances_;
};

}  // namespace kvs
