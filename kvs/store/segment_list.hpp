// The segments there are, and reading the history back from them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "kvs/change.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/journal_format.hpp"

namespace kvs {

// What one thread (the writer's) adds to and drops from, and any thread reads.
class SegmentList {
 public:
  static constexpr std::uint64_t unknown_end = UINT64_MAX;

  SegmentList(FileSystem& files, std::filesystem::path directory, std::uint64_t history_bytes);

  // The new newest segment, readable up to `end` (unknown_end only for one that is followed by another). `bytes` is the
  // size of its file: what it counts for in the history once another follows; until then what is readable counts.
  void add(const SegmentHeader& header, std::uint64_t end, std::uint64_t bytes);
  // The newest segment is readable up to `end`; its newest batch begins at `begin`.
  void grow(std::uint64_t begin, const BatchHeader& batch, Revision before, std::uint64_t end, std::uint64_t bytes);

  // The history begins after `until` at the earliest, whatever is in the segments.
  void forget(Revision until);

  // The smallest `after` that read() serves: that of the oldest segment in the history window, or what was forgotten.
  Revision oldest() const;
  // What all of them take on disk.
  std::uint64_t bytes() const;
  // The places in the history window, lowest first, where a segment begins: the newest change before each. The first
  // is oldest().
  std::vector<Revision> begins() const;
  // See Journal::read(). Throws DamagedData besides, once: then the history begins after the damaged segment, unless
  // that is the newest.
  Changes read(Revision after, std::size_t max_bytes);

  // Takes out the segments that are neither in the history window nor hold changes newer than `needed`, and gives their
  // numbers, lowest first.
  std::vector<std::uint64_t> drop(Revision needed);

 private:
  // A batch known to begin at an offset: where a search may start.
  struct Mark {
    std::uint64_t offset;
    std::uint64_t batch;
    Revision after;  // the newest change before it
  };
  struct Entry {
    SegmentHeader header;
    std::uint64_t end;
    std::uint64_t bytes;
    std::uint64_t counted;    // in the history: see add()
    std::vector<Mark> marks;  // by offset, one for every mark_distance or so; the first is the first batch
  };
  // Part of a segment that a reader may read: from a mark on.
  struct Part {
    SegmentHeader header;
    std::uint64_t end;
    Mark from;
    std::optional<std::uint64_t> next_first_batch;  // of the segment that follows
  };

  static constexpr std::uint64_t mark_distance = 64 * 1024;

  std::optional<Part> find(Revision after) const;
  std::optional<Part> following(std::uint64_t number) const;
  Part part(std::size_t index, const Mark& from) const;
  void read_part(const Part& part, Revision after, std::size_t max_bytes, Changes& changes, std::size_t& bytes);
  void remember(std::uint64_t number, const Mark& mark);
  void move_window();
  void forget_through(std::uint64_t number);
  Revision begin() const;

  FileSystem& files_;
  std::filesystem::path directory_;
  std::uint64_t history_bytes_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // oldest first, numbers without gaps; readers add marks
  std::size_t window_ = 0;      // index of the oldest segment in the history window
  std::uint64_t later_ = 0;     // bytes of history in those behind it
  Revision forgotten_ = no_revision;
};

}  // namespace kvs
