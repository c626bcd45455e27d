// Another history that begins with a state: after a restore, and after a repair that lost something.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "kvs/revision.hpp"
#include "kvs/store/file.hpp"
#include "kvs/store/state.hpp"

namespace kvs {

// How far above the old history's numbers the new one begins, if nobody says otherwise: as many as 100,000 writes a
// second take in nearly three hours, or 1,000 in eleven days.
inline constexpr std::uint64_t usual_raise = 1'000'000'000;

// The state at a revision of the new history, above all that the old one may have given since: whoever comes with one
// of those is below the beginning. What was deleted after them nobody knows here, so no tombstone may make a difference
// of it. `by` 0: as it is. Nothing if no revision is so large.
std::optional<State> raised(State state, std::uint64_t by);

// Of a data directory that has just been repaired and is locked: its state begins a new history, under the log id that
// is given back, and the files of the old one move into `aside`, where those that are there already stay. Nothing, and
// nothing is changed, if the order comes from a bus that keeps the log: it has the rest.
// Whatever breaks this off leaves the old history, or, while its files move, those of both, which no start takes.
// Throws std::system_error, DamagedData.
std::optional<LogId> begin_new_history(FileSystem& files, const std::filesystem::path& directory,
                                       const std::filesystem::path& aside);

}  // namespace kvs
