// What a client asks for, and what became of it.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
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

  std::size_t footprint() const {  // beside its own size
    return revisions.size() * sizeof(Revision) + value.size();
  }
};

// What an instance says of its own state, so that the others can compare: they all take the same digest at the same
// place in the order.
struct DigestClaim {
  Revision at = no_revision;        // the place of an earlier digest command; no_revision: claims nothing yet
  std::uint64_t value = 0;          // State::digest() there, of everything before that command
  Revision snapshot = no_revision;  // of the newest snapshot the instance has on disk
};

// Several keys at once: if all checks hold, the steps of `then` are carried out in order, else those of `otherwise`.
struct Transaction {
  struct Check {
    std::string key;
    Condition condition;
  };
  struct Step {
    enum class Kind : std::uint8_t { set = 1, remove, get };
    Kind kind = Kind::set;
    NewRecord record;                  // set: key, value, content type; else the key
    std::chrono::milliseconds ttl{0};  // set: as Command::ttl
  };
  std::vector<Check> checks;
  std::vector<Step> then;
  std::vector<Step> otherwise;

  std::size_t footprint() const;
};

// What a client or an instance asks for.
struct Command {
  enum class Kind : std::uint8_t {
    set = 1,       // `record`: key, value and content type; the judge stamps it
    remove,        // `record`: the key
    barrier,       // changes nothing: whoever waits for it has seen everything that stood in the order before
    digest,        // changes nothing: `claim`
    touch,         // `record`: the key, which gets the deadline that `ttl` gives, or none
    remove_range,  // `record`: its key is the prefix of the keys to be deleted; "" = all
    transaction,   // `transaction`
    expire,        // `record`: the key, if it still has the revision of the one condition and its time has come
  };
  Kind kind = Kind::set;
  NewRecord record;                   // null for those that name no key
  std::vector<Condition> conditions;  // of the record's key; all must hold
  Origin origin;
  std::string request_id;            // of the request it came with: visible ASCII, at most 128; may be empty
  std::chrono::milliseconds ttl{0};  // set, touch: the key goes so long after the command's log time; 0: it stays
  std::string request_key;           // the client's Idempotency-Key: 1 to 255 visible ASCII; empty: none
  std::uint64_t payload = 0;         // with a request key: a digest of all that was asked, the same for a retry
  std::unique_ptr<Transaction> transaction;
  DigestClaim claim;

  // Bytes it takes while it waits, all that a client can make large included; what the bounds of the queues count.
  std::size_t footprint() const;
};

// Names a command whose outcome somebody in this process waits for: the I/O thread, and a number that thread chose.
// The bus carries it beside the command and never looks inside.
struct Ticket {
  static constexpr std::uint32_t nobody = UINT32_MAX;
  std::uint32_t thread = nobody;
  std::uint32_t slot = 0;
  std::uint64_t serial = 0;
};

// What a transaction gave.
struct TransactionOutcome {
  struct Result {
    Transaction::Step::Kind kind;
    RecordRef asked;    // the step's record: its key; of a set, stamped, what is there now
    RecordRef found;    // get: what was there (null: no such key)
    bool done = false;  // set: it created the key; remove: there was something to delete
  };
  bool succeeded = false;  // all checks held
  std::vector<Result> results;
};

// What became of a command.
struct Verdict {
  enum class Outcome : std::uint8_t {
    applied,  // took effect at `revision`
    nothing,  // there was nothing to change (a delete or touch of a key that is not there, a transaction that only
              // looked): `revision` is that of the state it was judged against
    refused,  // a condition did not hold; `current` is what is there instead (null: no such key)
    failed,   // certainly not applied, ever
    no_room,  // certainly not applied: the disk or the memory limit is full
    unknown,  // may have been applied
    reused,   // not applied: its request key belongs to another request
  };
  Outcome outcome = Outcome::unknown;
  bool created = false;   // applied set: the key was not there before
  bool replayed = false;  // the first answer to a request with this request key, once more: records have no values
  Revision revision = no_revision;
  RecordRef current;               // refused: the key's record
  std::uint64_t deleted = 0;       // remove, remove_range: how many keys
  std::optional<LogTime> expires;  // set, touch: when the key will go
  std::shared_ptr<const TransactionOutcome> transaction;
};

}  // namespace kvs
