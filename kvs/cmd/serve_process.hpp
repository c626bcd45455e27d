// What the process of a server gives up before it opens anything.
#pragma once

namespace kvs {

// Files are for their owner only (umask 077); a crash writes no core dump, for it would hold everybody's values (the
// hard limit stays: `prlimit --core=unlimited --pid PID` asks for one); no program run from here gains privileges.
void give_up_privileges();

}  // namespace kvs
