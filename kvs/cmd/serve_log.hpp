// How the server's log looks, and what changes it while the server runs.
#pragma once
#include "kvs/cmd/serve.hpp"

namespace kvs {

// Before other threads run.
void configure_log(const ServeOptions& options);
// Any thread.
void set_log_level(LogLevel level);

}  // namespace kvs
