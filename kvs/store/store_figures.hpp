// What the store counts of its own work, for whoever watches over it.
#pragma once

#include "kvs/tally.hpp"

namespace kvs {

// The writer's thread counts, any thread reads.
struct StoreFigures {
  Durations commits{duration_bounds};    // from a batch's arrival until its changes are durable and shown
  Sizes batches{size_bounds};            // commands in it
  Durations snapshots{duration_bounds};  // written beside the work
};

}  // namespace kvs
