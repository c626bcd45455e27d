// The name an instance writes under.
#pragma once
#include <string>
#include <vector>

#include "kvs/cmd/settings.hpp"
#include "kvs/net/listen_address.hpp"

namespace kvs {

// --instance, else the host's name; on a Kafka bus, where two instances must not have the same, followed by the port of
// the first TCP listener unless that is the usual one. 1 to 64 letters, digits, dots, dashes and underscores. Throws
// UsageError, also for a port that is another one at every start: an instance keeps its name.
std::string instance_name(const Settings& settings, const std::vector<ListenAddress>& listen);

}  // namespace kvs
