// The numbers of this process as Prometheus reads them (text format 0.0.4).
#pragma once
#include <string>

#include "kvs/net/worker.hpp"

namespace kvs {

// Sums up what all threads count. For the thread of `worker`; takes about a millisecond.
std::string metrics_text(Worker& worker);

}  // namespace kvs
