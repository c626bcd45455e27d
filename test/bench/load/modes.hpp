#pragma once

#include "test/bench/load/options.hpp"

namespace kvs::load {

// Each does what its options say and prints one JSON line of figures. Throw std::exception when the server fails.

// Requests for a time or a number, as fast as they are answered.
void run_requests(const Options& options);

// Writers at full speed for a time, then the wait until every watcher has counted every change.
void run_fanout(const Options& options);

// Prints the line once all watchers are subscribed and keeps them until standard input ends.
void run_hold(const Options& options);

}  // namespace kvs::load
