// What a client asks for, and what became of it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kvs/change.hpp"
#include "kvs/record.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// What must hold at the command's place in the order, or it is refused.
struct Condition {
  enum class Kind : std::uint8_t {
    exists,           // If-Match: *
    absent,           // If-None-Match: *
    revision_in,      // If-Match: "7", "9"         the key exists with one of these revisions
    revision_not_in,  // If-None-Match: "7", "9"  no such key, or one with another revision
    value_is,         // the key exists with exactly this value
  };
  Kind kind;
  std::vector<Revision> revisions;
  std::string value;
};

// What an instance says of its own state, so that the others can compare: they all take the same digest at the same
// place in the order.
struct DigestClaim {
  Revision at = no_revision;        // the place of an earlier digest command; no_revision: claims nothing yet
  std::uint64_t value = 0;          // State::digest() there, of everything before that command
  Revision snapshot = no_revision;  // of the newest snapshot the instance has on disk
};

// What a client or an instance asks for.
struct Command {
  enum class Kind : std::uint8_t {
    set = 1,  // `record`: key, value and content type; the judge stamps it
    remove,   // `record`: the key
    barrier,  // changes nothing: whoever waits for it has seen everything that stood in the order before
    digest,   // changes nothing: `claim`
  };
  Kind kind = Kind::set;
  NewRecord record;                   // null for those that change nothing
  std::vector<Condition> conditions;  // of the record's key; all must hold
  Origin origin;
  std::string request_id;  // of the request it came with: visible ASCII, at most 128; may be empty
  DigestClaim claim;

  // Bytes it takes while it waits; what the bounds of the queues count.
  std::size_t footprint() const { return sizeof(Command) + (record ? record->footprint() : 0); }
};

// Names a command whose outcome somebody in this process waits for: the I/O thread, and a number that thread chose.
// The bus carries it beside the command and never looks inside.
struct Ticket {
  static constexpr std::uint32_t nobody = UINT32_MAX;
  std::uint32_t thread = nobody;
  std::uint32_t slot = 0;
  std::uint64_t serial = 0;
};

// What became of a command.
struct Verdict {
  enum class Outcome : std::uint8_t {
    applied,  // took effect at `revision`
    nothing,  // a delete of a key that is not there: no change, `revision` is that of the state it was judged against
    refused,  // a condition did not hold; `current` is what is there instead (null: no such key)
    failed,   // certainly not applied, ever
    no_room,  // certainly not applied: the disk or the memory limit is full
    unknown,  // may have been applied
  };
  Outcome outcome = Outcome::unknown;
  bool created = false;  // applied set: the key was not there before
  Revision revision = no_revision;
  RecordRef current;  // refused: the key's record; applied set: the new record
};

}  // namespace kvs
