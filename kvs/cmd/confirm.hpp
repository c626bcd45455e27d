// "Are you sure?", for what cannot be taken back.
#pragma once
#include <string>

#include "kvs/cmd/settings.hpp"

namespace kvs {

// Whether there is somebody to ask.
bool can_ask();
// True with --yes, or if the answer begins with a y. Throws UsageError if there is nobody to ask.
bool confirmed(const Settings& settings, const std::string& question);

}  // namespace kvs
