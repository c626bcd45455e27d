// What SIGHUP changes in a server that runs: settings are read again, and a few of them taken in.
#pragma once
#include <string>
#include <vector>

#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

struct Reloaded {
  ServeOptions options;              // all of them as they would be after a restart
  std::vector<std::string> waiting;  // names of settings that changed but want a restart
};

// Flags and environment as they were, the config file as it is now. Throws UsageError as a start would.
Reloaded read_again(const Settings& running);

}  // namespace kvs
