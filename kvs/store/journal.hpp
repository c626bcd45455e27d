// The durable history of changes in a data directory: segment files, snapshots, and how a start puts them together.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "kvs/change.hpp"
#include "kvs/revision.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/out_of_space.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

struct JournalOptions {
  bool sync = true;  // fdatasync in append(); false: the caller calls sync() when it likes, or never
  std::uint64_t segment_bytes =
      16 * 1024 * 1024;  // a segment is closed before it outgrows this; smaller for a small history
  std::uint64_t history_bytes = 256 * 1024 * 1024;  // resumable history kept on disk, at least; and one segment more
  std::uint64_t snapshot_after_bytes =
      64 * 1024 * 1024;  // journal since the last snapshot that makes wants_snapshot(); or the state's size, if larger
  StateLimits state;     // of the state a start makes
  bool background = true;  // a thread gets files ready and removes old ones; false: done at once, for tests
};

// What a start found.
struct Recovered {
  State state;
  std::optional<LogId> log_id;  // none: the directory is new
  std::string bookmark;         // of the newest journalled batch, in the bus's own words
  std::string notes;            // for the log, one a line: torn tail cut, snapshot left out…; empty if all was well
};

// append(), sync() and the bookkeeping of snapshots: one thread, the writer's. read() and oldest(): any thread.
class Journal {
 public:
  using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t all_bytes)>;

  // Makes the directory (0700) if it is missing and locks it. Throws std::system_error, or std::runtime_error if
  // another process has the directory open; both name it.
  Journal(FileSystem& files, std::filesystem::path directory, JournalOptions options);
  // Unlocks. Does not sync: with options.sync there is nothing to, else call sync() before.
  ~Journal();

  // Once, before anything else: newest good snapshot + journal after it. Throws DamagedData for what must not be
  // served, std::system_error, OutOfSpace.
  Recovered recover(const Progress& progress = {});
  // Once, after it and before the first append(): writing goes on (or begins) in the history of that name, which is the
  // one found if there was one. Throws as recover() does.
  void begin(LogId log_id);

  // Durable when it returns (with options.sync): the changes of one batch, at least one, with revisions above all
  // before, and the bookmark of the bus after them. OutOfSpace: the batch was certainly not written, and the next call
  // tries anew. Any other exception means fail-stop: the journal throws it again from then on, and the batch may or may
  // not be on disk.
  void append(const Changes& changes, std::string_view bookmark);
  // Everything appended is on disk when it returns. Throws as append() does.
  void sync();
  // The history begins after `until` at the earliest, until the next start; segments that are below it go when no start
  // needs them.
  void forget(Revision until);

  // The history after `after`, oldest first, at least one change and about `max_bytes` of their footprint; never ends
  // within a revision; empty if there is none yet. Throws std::out_of_range if `after` < oldest(); DamagedData.
  Changes read(Revision after, std::size_t max_bytes) const;
  std::uint64_t bytes() const;  // its segments take on disk; any thread
  Revision oldest() const;      // the smallest `after` that read() can serve; from begin() on
  // Places from which read() goes on that lie about a segment apart, lowest first; the first is oldest().
  std::vector<Revision> begins() const;

  // Snapshots are written by a thread of their own: the writer asks wants_snapshot(), hands over an immutable State,
  // and calls snapshot_written() (on its own thread again) when write_snapshot() gave true; that drops what is no
  // longer needed. While one is being written, and for a while after one failed, none is wanted.
  bool wants_snapshot(const State& state) const;
  // Any one thread; blocks. False if there is nothing to write (the newest snapshot is of this revision, or it is 0),
  // or `stop` was set meanwhile. Throws std::system_error: the journal goes on (unless it was its own sync that
  // failed).
  bool write_snapshot(const State& state, std::string_view bookmark, const std::stop_token& stop = {});
  void snapshot_written(Revision revision);
  // Of the newest good snapshot on disk; no_revision: there is none. The writer's thread.
  Revision newest_snapshot() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace kvs
