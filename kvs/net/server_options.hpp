// How the server behaves towards its clients.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kvs/limits.hpp"

namespace kvs {

// Time-outs of every connection. Not for users to choose: tests make them short.
struct Patience {
  using Duration = std::chrono::milliseconds;
  Duration idle = std::chrono::seconds{75};      // between requests
  Duration head = std::chrono::seconds{10};      // for a whole head, from its first byte
  Duration body = std::chrono::seconds{30};      // for the first byte of a body; then every byte is good for
  Duration byte = std::chrono::milliseconds{2};  // so long (500 a second), and all that came together for at most
  Duration credit = std::chrono::seconds{20};    // so long: what came quickly is no leave to dawdle
  Duration request = std::chrono::seconds{10};   // for a write to be settled
  Duration send = std::chrono::seconds{60};      // without the client taking a byte
  Duration linger = std::chrono::seconds{1};     // reading on after an answer that came before the request's end
  Duration ping = std::chrono::seconds{20};      // without a byte from a watcher until it is pinged
  Duration dead = std::chrono::seconds{40};      // without a byte from a watcher until it counts as dead; above `ping`
  Duration closing = std::chrono::seconds{2};    // for the answer to our closing frame
};

struct ServerOptions {
  std::size_t max_value_size = default_max_value_size;
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 512;  // an IPv6 address counts as its /64; loopback is free; 0: no limit
  std::size_t max_in_flight = 1024;               // requests that wait for the order or for a state
  std::uint64_t max_memory = 0;                   // bytes of keys, values and bookkeeping; 0: no limit
  std::size_t history_memory = 64 * 1024 * 1024;  // bytes of recent changes kept in memory
  std::vector<std::string> allowed_hosts;         // names beyond localhost that a Host field may have
  std::vector<std::string> cors_origins;          // "https://app.example": foreign origins that are let in
  std::string topic = "kvs";                      // `Topic` of legacy watch messages
  std::string instance;                           // for /v1/status
  std::string fsync = "always";                   // for /v1/status
  bool ui = true;                                 // whether there is a page at /ui/
  bool access_log = false;                        // every request in the log
  bool log_keys = false;                          // with its path
  std::size_t slow_memory = 128 * 1024 * 1024;    // bytes a thread holds for slow clients (slow_clients.hpp)
  Patience patience;
};

inline constexpr std::size_t max_pipelined = 64;                   // requests of one connection under way at once
inline constexpr std::size_t flush_above = 64 * 1024;              // bytes of answers that go out before more is read
inline constexpr std::size_t ignored_body_limit = 64 * 1024;       // a body that the route does not want
inline constexpr std::size_t event_message_bytes = 64 * 1024;      // a message of watch events, about
inline constexpr std::size_t watch_step_bytes = 256 * 1024;        // history handed to a watcher at once, about
inline constexpr std::size_t max_results_bytes = 8 * 1024 * 1024;  // what the gets of one transaction give
inline constexpr std::size_t max_snapshots_sent = 16;              // at once
inline constexpr std::size_t max_history_searches = 8;             // at once
inline constexpr std::size_t max_past_reads = 8;                   // states of the past being made at once
inline constexpr std::size_t max_watch_filters = 1000;             // keys and prefixes of one watch

}  // namespace kvs
