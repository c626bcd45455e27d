// Listeners that the service manager opened for us (systemd's socket activation).
#pragma once
#include <cstdint>
#include <vector>

#include "kvs/cmd/settings.hpp"
#include "kvs/net/listen_address.hpp"

namespace kvs {

// Those of $LISTEN_FDS, if $LISTEN_PID is `own_pid`; none else. They are closed on exec from here on. Throws UsageError
// for what is no listening TCP or Unix stream socket, naming the descriptor.
std::vector<ListenAddress> passed_sockets(const Settings& settings, std::int64_t own_pid);

}  // namespace kvs
