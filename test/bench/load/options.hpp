#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kvs::load {

// What the command line asks for: `kvs_load MODE --name value …`.
struct Options {
  std::string mode;               // requests, fanout, latency, hold, kafka-loop, kafka-read
  std::string protocol = "kvs";   // kvs, nginx (GET only), redis, nats (fanout and hold only)
  std::string operation = "get";  // get, set, mixed (nine gets to a set)
  std::uint16_t port = 0;         // on 127.0.0.1: nothing else can be loaded
  unsigned connections = 64;      // that send requests; in fanout: the writers
  unsigned depth = 1;             // requests in flight on each connection
  unsigned watchers = 0;
  bool own_keys = false;         // each watcher watches a key of its own that nobody writes
  std::uint64_t keys = 1000;     // how many different ones are asked for
  std::string ttl;               // kvs: how long what is set stays ("1s"); empty: for ever
  bool sequential = false;       // key 0, 1, 2 … instead of random ones
  std::size_t value_size = 100;  // bytes
  double seconds = 1;            // measured
  double warmup = 0;             // seconds before, not measured
  std::uint64_t count = 0;       // stop after so many requests; 0: by time only
  double rate = 0;               // requests a second, sent when they are due, whatever the answers do; 0: all it takes
  std::string topic;             // kafka-…: which one, of the broker at `port`
  std::uint64_t max_lag =
      20000;           // fanout: changes the watchers may be behind on average before the writers wait for them
  bool spin = true;    // poll without sleeping, so that the server never pays for waking us
  int server_pid = 0;  // whose CPU time is reported; 0: nobody's
};

// Throws std::invalid_argument, naming the argument, for anything it does not know.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace kvs::load
