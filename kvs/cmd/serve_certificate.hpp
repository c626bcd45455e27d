// What the log says of how long the server's certificate is good.
#pragma once
#include <chrono>

#include "kvs/net/tls.hpp"

namespace kvs {

// One line: info; a warning when it ends within 30 days; an error when it has ended already.
void log_certificate(const TlsContext& tls, std::chrono::system_clock::time_point now);

}  // namespace kvs
