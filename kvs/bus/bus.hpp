// The bus puts all commands into one order. The store takes them in that order and cannot tell which bus it has.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/command.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// The order cannot be followed any further, or never could be: another log, one that was cut off, a name taken twice.
// what() names the thing and its repair. Whoever catches it stops serving.
class BusBroken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The order begins above the place where this instance stands: only a newer snapshot brings it back in.
class BusTrimmed : public BusBroken {
 public:
  using BusBroken::BusBroken;
};

// A command at its place in the order.
struct Ordered {
  Revision place;  // rises strictly within a batch and from batch to batch; gaps are normal
  LogTime time;    // never goes back
  Command command;
  Ticket ticket;  // Ticket::nobody if it was not published through this bus object
  // False: it stands in the order and is to be applied, but whoever published it may not be told so before an Ending
  // of the same ticket follows (the log has not confirmed yet that it keeps it).
  bool confirmed = true;
};

// What became of a command published here, when it did not simply come by as a confirmed Ordered. A command has exactly
// one end: confirmed when it came by; or unconfirmed when it came by, and an Ending; or an Ending alone.
struct Ending {
  enum class How : std::uint8_t {
    confirmed,  // came by before; now it is certain that it stays
    failed,     // certainly not in the order, ever
    unknown,    // may be in the order, or, if it came by, may not stay there
  };
  Ticket ticket;
  How how;
  std::string request_id;  // of the command
};

struct Batch {
  std::vector<Ordered> commands;
  std::vector<Ending> endings;
  // Where to go on reading after this batch and what must be remembered for it, in the bus's own words (at most
  // max_bookmark_size bytes). Journalled with the changes of the batch, and given back to start() after a restart.
  std::string bookmark;
  bool last = false;  // nothing follows: stop() was called, and everything accepted before has been handed out
};

inline constexpr std::size_t max_bookmark_size = 256 * 1024;

// Where a bus resumes: what the journal knew last.
struct BusStart {
  std::optional<LogId> log_id;      // none: this instance has no history yet
  Revision revision = no_revision;  // the newest applied change
  LogTime time{};                   // its log time; no later command gets an earlier one
  std::string bookmark;             // Batch::bookmark of the newest journalled batch; empty = from the beginning
};

// An instance that takes part in the order, as far as this one has heard of it.
struct BusMember {
  std::string name;
  Revision since = no_revision;     // its place of entry
  Revision snapshot = no_revision;  // the newest snapshot it has said to have on disk
  LogTime heard{};                  // log time of the last command of its own
};

// Records of the log that were read and left out, on every instance alike.
struct BusIgnored {
  std::string_view reason;
  std::uint64_t count = 0;  // since this process began
};

struct BusStatus {
  std::string_view kind;                          // "local", "kafka"
  bool up = true;                                 // whether the order is within reach; stop() does not change it
  std::chrono::steady_clock::time_point since{};  // of the last change of `up`
  std::optional<std::uint64_t> lag;               // places in the order that are not handed out yet, if known
  std::string detail;                             // why it is not up, for people; may be empty
  std::string writes_refused;                     // why it takes no writes although it is up, with the repair; or empty
  std::vector<BusMember> members;                 // empty where there is only this one
  std::vector<BusIgnored> ignored;                // empty where nothing can be
};

enum class PublishResult : std::uint8_t {
  accepted,   // its end will come through next()
  full,       // too much is waiting: nothing was published, try again later
  away,       // the bus is not up, stopping, or takes no writes: nothing was published
  too_large,  // the bus can't carry a command of this size: nothing was published
};

class Bus {
 public:
  virtual ~Bus() = default;

  // Once, before anything else. Finds the place to go on from and gives the name of the history: the one it was given,
  // or, on a first start, that of the log it joins. May take as long as it takes for the log to be reached; stop() ends
  // the wait, and LogId{} is given. start() and next() run on `reader`, one thread. Throws BusBroken.
  virtual awaitable<LogId> start(BusStart from, Executor reader) = 0;

  // Any thread; never blocks. Commands of one thread keep their order. A thread that has published calls flush() before
  // it waits for anything: until then the bus may let the command lie, so that those of one turn go together.
  // `away` until start() has given the history's name and status().up is true. While status().writes_refused says why,
  // `away` for everything but barriers: reads go on.
  virtual PublishResult publish(Command&& command, Ticket ticket) = 0;
  virtual void flush() = 0;

  // What comes next in the order, as soon as there is something: commands (a batch is bounded), endings, or neither
  // when status() has changed. One caller, on the reader's thread. Throws BusBroken.
  // status().up becomes true for the first time when everything that was in the order before start() has been handed
  // out: whoever waits for that is caught up.
  virtual awaitable<Batch> next() = 0;

  // Any thread.
  virtual BusStatus status() const = 0;
  // status().up, for who asks after every batch: without what else it would copy.
  virtual bool up() const = 0;

  // Whether the order itself is kept by the bus, durably, so that a journal here is no more than a way to start
  // quickly. If not, a command that could not be journalled has not happened.
  virtual bool keeps_log() const = 0;

  // Any thread. From now on publish() says `away`; next() hands out what is left, at last a batch with `last` set.
  virtual void stop() = 0;
};

}  // namespace kvs
