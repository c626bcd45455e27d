// kvs_load: sends requests to a server on this machine, or watches it, and prints what that gave as one line of JSON.
// One thread, one epoll loop, as little work per request as possible: what limits the figures should be the server.

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/bench/load/modes.hpp"
#include "test/bench/load/socket.hpp"

namespace {

void run(const kvs::load::Options& options) {
  if (options.mode == "requests") return kvs::load::run_requests(options);
  if (options.mode == "fanout") return kvs::load::run_fanout(options);
  if (options.mode == "latency") return kvs::load::run_latency(options);
  if (options.mode == "kafka-loop") return kvs::load::run_kafka_loop(options);
  if (options.mode == "kafka-read") return kvs::load::run_kafka_read(options);
  if (options.mode == "hold") return kvs::load::run_hold(options);
  throw std::invalid_argument("unknown mode " + options.mode);
}

}  // namespace

int main(int argc, char** argv) try {
  kvs::load::raise_file_limit();
  run(kvs::load::parse_options(std::vector<std::string>(argv + 1, argv + argc)));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "kvs_load: %s\n", error.what());
  return dynamic_cast<const std::invalid_argument*>(&error) != nullptr ? 2 : 1;
}
