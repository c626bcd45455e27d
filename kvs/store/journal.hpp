// The durable history of changes in a data directory: segment files, snapshots, and how a start puts them together.
//
// CONTRACT DRAFT: signatures the writer loop is coded against.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kvs/change.hpp"
#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// The directory holds something that must not be served: damage before the end, a newer format, another log.
// what() names file and offset and says what to do.
class DamagedData : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct JournalOptions {
  bool sync = true;                                     // fdatasync in append(); false: the caller calls sync() when it likes, or never
  std::uint64_t segment_bytes = 16 * 1024 * 1024;       // a segment is closed when it outgrows this
  std::uint64_t history_bytes = 256 * 1024 * 1024;      // resumable history kept on disk, at least
  std::uint64_t snapshot_after_bytes = 64 * 1024 * 1024;  // journal since the last snapshot that makes wants_snapshot(); or the state's size, if larger
};

// What a start found.
struct Recovered {
  State state;
  LogId log_id{};
  std::uint64_t bus_position = 0;      // of the newest journalled batch
  Revision oldest = no_revision;       // the smallest `after` that read() can serve
  std::string notes;                   // for the log: torn tail cut, snapshot skipped…; empty if all was well
};

// append(), sync() and snapshot bookkeeping: one thread, the writer's. read() and oldest(): any thread.
class Journal {
 public:
  using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)>;

  // Locks the directory (makes it, 0700, if it is missing). Throws std::system_error or std::runtime_error with a message
  // that names the directory; DamagedData for what recover() would refuse.
  Journal(FileSystem& files, std::filesystem::path directory, JournalOptions options);
  ~Journal();

  // Once, before anything else: newest good snapshot + journal after it.
  Recovered recover(const Progress& progress = {});

  // Durable when it returns (with options.sync): the changes of one batch and the bus position they came from.
  // An exception means fail-stop: the journal refuses everything from then on, the batch may or may not be on disk, and
  // must not be acknowledged.
  void append(const Changes& changes, std::uint64_t bus_position);
  void sync();

  // The history after `after`, oldest first, at least one change and about `max_bytes` of them; never ends within a
  // revision; empty if there is none yet. Throws std::out_of_range if `after` < oldest().
  Changes read(Revision after, std::size_t max_bytes) const;
  Revision oldest() const;

  // Snapshots are written by a thread of their own: the writer asks wants_snapshot(), hands over an immutable State, and
  // calls snapshot_written() (on its own thread again) when write_snapshot() came back; that drops what is no longer needed.
  bool wants_snapshot(const State& state) const;
  void write_snapshot(const State& state, std::uint64_t bus_position);  // any one thread; blocking
  void snapshot_written(Revision revision);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace kvs
