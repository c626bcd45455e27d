#pragma once

#include "test/bench/load/options.hpp"

namespace kvs::load {

// Each does what its options say and prints one JSON line of figures. Throw std::exception when the server fails.

// Requests for a time or a number, as fast as they are answered.
void run_requests(const Options& options);

// Writers at full speed for a time, then the wait until every watcher has counted every change.
void run_fanout(const Options& options);

// One writer that makes options.rate changes a second; the latencies are from when one is sent to when a watcher has
// it.
void run_latency(const Options& options);

// librdkafka alone, as a yardstick for kvs on its topic: records to the broker and back into this process, as many
// under way as there are connections; latencies from producing a record to having it again.
void run_kafka_loop(const Options& options);

// Reads `count` records of the topic from its beginning, as fast as they come.
void run_kafka_read(const Options& options);

// Prints the line once all watchers are subscribed and keeps them until standard input ends.
void run_hold(const Options& options);

}  // namespace kvs::load
