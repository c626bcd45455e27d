// The bus puts all commands into one order. The store takes them in that order and cannot tell which bus it has.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/command.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// A command at its place in the order.
struct Ordered {
  Revision place;  // rises strictly within a batch and from batch to batch; gaps are normal
  LogTime time;    // never goes back
  Command command;
  Ticket ticket;  // Ticket::nobody if it was not published through this bus object
};

// A command published here whose way through the order ended otherwise: failed (certainly not in the order, ever) or
// unknown. A command has exactly one end: it comes by as Ordered, or as Lost.
struct Lost {
  Ticket ticket;
  Verdict::Outcome outcome;
};

struct Batch {
  std::vector<Ordered> commands;
  std::vector<Lost> lost;
  // Where to go on reading after this batch, in the bus's own terms. Journalled with the changes of the batch, and
  // given back to start() after a restart.
  std::uint64_t position = 0;
};

// Where a bus resumes: what the journal knew last.
struct BusStart {
  Revision revision = no_revision;  // the newest applied change
  LogTime time{};                   // its log time; no later command gets an earlier one
  std::uint64_t position = 0;       // Batch::position of the newest journalled batch, 0 = from the beginning
};

struct BusStatus {
  std::string_view kind;                          // "local", "kafka"
  bool up = true;                                 // whether commands can be put into the order now
  std::chrono::steady_clock::time_point since{};  // of the last change of `up`
};

enum class PublishResult : std::uint8_t {
  accepted,  // its end will come through next()
  full,      // too much is waiting: nothing was published, try again later
  away,      // the bus is not up or stopping: nothing was published
};

class Bus {
 public:
  virtual ~Bus() = default;

  // Once, before anything else. next() runs on `reader`, one thread.
  virtual void start(const BusStart& from, Executor reader) = 0;

  // Any thread; never blocks. Commands of one thread keep their order. A thread that has published calls flush() before
  // it waits for anything: until then the bus may let the command lie, so that those of one turn go together.
  virtual PublishResult publish(Command&& command, Ticket ticket) = 0;
  virtual void flush() = 0;

  // The next commands in order, as soon as there is one (a batch is bounded, at least one record); an empty batch once
  // stop() was called and everything accepted before has been handed out. One caller, on the reader's thread.
  virtual awaitable<Batch> next() = 0;

  // Any thread.
  virtual BusStatus status() const = 0;

  // Any thread. From now on publish() says `away`; next() hands out what is left and then empty batches.
  virtual void stop() = 0;
};

}  // namespace kvs
