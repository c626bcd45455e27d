// What the process of a server gives up before it opens anything, and what it may have.
#pragma once
#include <cstdint>

namespace kvs {

// Files are for their owner only (umask 077); a crash writes no core dump, for it would hold everybody's values (the
// hard limit stays: `prlimit --core=unlimited --pid PID` asks for one); no program run from here gains privileges.
void give_up_privileges();

// Files that a server opens beside its connections.
inline constexpr std::uint64_t own_files = 64;
// Of the connections wanted as many as may be open at a time (RLIMIT_NOFILE), so that they never keep the journal from
// its next file.
unsigned connections_in_reach(unsigned wanted);

}  // namespace kvs
