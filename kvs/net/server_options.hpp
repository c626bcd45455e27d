// How the server behaves towards its clients.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kvs/limits.hpp"

namespace kvs {

struct ServerOptions {
  std::size_t max_value_size = default_max_value_size;
  std::size_t max_connections = 10'000;
  std::size_t history_memory = 64 * 1024 * 1024;  // bytes of recent changes kept in memory
  std::vector<std::string> allowed_hosts;         // names beyond localhost that a Host field may have
  std::vector<std::string> cors_origins;          // "https://app.example": foreign origins that are let in
  std::string topic = "kvs";                      // `Topic` of legacy watch messages
  std::string instance;                           // for /v1/status
  std::string fsync = "always";                   // for /v1/status
};

// Time-outs of every connection.
namespace patience {
inline constexpr std::chrono::seconds idle{75};     // between requests
inline constexpr std::chrono::seconds head{10};     // for a whole head, from its first byte
inline constexpr std::chrono::seconds body{30};     // without a byte of a body
inline constexpr std::chrono::seconds request{10};  // for a write to be settled
inline constexpr std::chrono::seconds send{60};     // without the client taking a byte
inline constexpr std::chrono::seconds linger{1};    // reading on after an answer that came before the request's end
inline constexpr std::chrono::seconds ping{20};     // between two pings to a silent watcher
inline constexpr std::chrono::seconds dead{40};     // without any byte from a watcher
inline constexpr std::chrono::seconds closing{2};   // for the answer to our closing frame
}  // namespace patience

inline constexpr std::size_t max_pipelined = 64;               // requests of one connection under way at once
inline constexpr std::size_t flush_above = 64 * 1024;          // bytes of answers that go out before more is read
inline constexpr std::size_t ignored_body_limit = 64 * 1024;   // a body that the route does not want
inline constexpr std::size_t event_message_bytes = 64 * 1024;  // a message of watch events, about
inline constexpr std::size_t watch_step_bytes = 256 * 1024;    // history handed to a watcher at once, about
inline constexpr std::size_t max_watch_filters = 1000;         // keys and prefixes of one watch

}  // namespace kvs
