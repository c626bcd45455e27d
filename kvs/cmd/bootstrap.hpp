// A snapshot fetched from a running instance, for one that cannot get in through the topic any more.
#pragma once
#include "kvs/cmd/serve.hpp"

namespace kvs {

// Puts the snapshot of --bootstrap-from into the data directory; logs what it does. Blocks. Throws std::runtime_error
// and its kin, also DamagedData for what is no snapshot.
void bootstrap(const ServeOptions& options);

}  // namespace kvs
