// What the log says of how long the server's certificate is good.
#pragma once
#include <chrono>

#include "kvs/net/tls.hpp"

namespace kvs {

// A third of what ninety-day certificates have: their renewal is late by then.
inline constexpr std::chrono::days certificate_ends_soon{30};

// One line: info; a warning when it ends soon; an error when it has ended already.
void log_certificate(const TlsContext& tls, std::chrono::system_clock::time_point now);

}  // namespace kvs
