// What `kvs serve` was asked for, and the server itself.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kvs/bus/kafka_config.hpp"
#include "kvs/net/client_address.hpp"
#include "kvs/net/listen_address.hpp"
#include "kvs/net/tls.hpp"

namespace kvs {

class Settings;

enum class FsyncMode : std::uint8_t { always, interval, never };
enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { automatic, logfmt, json };  // automatic: for people on a terminal, logfmt else

// Parsed, checked and complete: no value needs another look, defaults are filled in.
struct ServeOptions {
  std::vector<ListenAddress> listen;  // at least one; of them those that the service manager passed
  std::filesystem::path data_dir;     // empty if ephemeral
  bool ephemeral = false;
  std::string bus = "local";
  std::string instance;  // 1 to 64 bytes of A-Z a-z 0-9 . _ -
  unsigned threads = 1;  // I/O threads, 1 to 256
  FsyncMode fsync = FsyncMode::always;
  std::chrono::milliseconds fsync_interval{0};  // with FsyncMode::interval: 1 ms to 1 h
  std::uint64_t history_bytes = 0;              // at least 64 KiB
  std::uint64_t history_memory = 0;             // at least 64 KiB
  std::chrono::milliseconds history_age{0};     // 0, or at least 1 s
  std::uint64_t max_value_size = 0;             // 1 byte to 1 GiB
  std::uint64_t max_memory = 0;                 // 0: no limit
  std::size_t idempotency_window = 0;           // at least 1
  std::size_t tombstones = 0;
  unsigned max_connections = 0;                 // at least 1
  std::size_t max_connections_per_address = 0;  // 0: no limit
  std::size_t max_in_flight = 0;                // at least 1
  bool allow_anonymous = false;
  std::filesystem::path auth_file;         // empty: nobody is asked for a token
  TlsFiles tls;                            // no certificate: in the clear
  std::vector<std::string> allowed_hosts;  // lower case, without port
  std::vector<std::string> cors_origins;   // scheme://host[:port]
  bool ui = true;                          // the page at /ui/
  std::string kafka_topic;                 // the `Topic` of legacy watch messages
  KafkaOptions kafka;                      // with bus "kafka"
  std::optional<ServerAddress> bootstrap_from;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::automatic;
  bool access_log = false;
  bool log_keys = false;
  std::string journal_stream;             // which stream the service manager's journal reads; empty: none
  std::string notify_socket;              // of the service manager; empty: nobody to tell
  std::chrono::microseconds watchdog{0};  // how often it wants to hear of us; 0: not at all
  std::chrono::milliseconds shutdown_delay{0};
  std::chrono::milliseconds shutdown_timeout{0};
};

// Throws UsageError, naming the flag, variable or line of the file that is wrong.
ServeOptions serve_options(const Settings& settings);

// Serves until SIGTERM or SIGINT. Returns the exit code: 0 stopped as asked, 9 damaged data, 1 the rest. `options` are
// those of `settings`, which SIGHUP reads again.
int serve(const Settings& settings, const ServeOptions& options);

}  // namespace kvs
