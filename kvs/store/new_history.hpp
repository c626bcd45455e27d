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

// A history of its own begins in a locked data directory, with the state that was kept of the one there was: under the
// log id that is given back, raised by usual_raise. All files of the old one move, as they are, into the new directory
// `aside`. Nothing, and nothing is changed, if no revision is so large.
// The snapshot it begins with is there before the first of them moves: what breaks this off before leaves all as it
// was, and after it no start takes the directory, since it holds files of two histories. Throws std::system_error.
std::optional<LogId> begin_new_history(FileSystem& files, const std::filesystem::path& directory,
                                       const std::filesystem::path& aside, State kept);

}  // namespace kvs
