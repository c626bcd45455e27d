#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <thread>

#include "kvs/cmd/instance_name.hpp"
#include "kvs/cmd/kafka_settings.hpp"
#include "kvs/cmd/listen_flag.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/serve.hpp"
#include "kvs/cmd/serve_sockets.hpp"
#include "kvs/cmd/serve_watchdog.hpp"
#include "kvs/cmd/settings.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

std::string exposed(const std::string& address) {
  return address +
         " is reachable from other machines: listen on 127.0.0.1 or unix:PATH, or give --tls-cert, --tls-key and " +
         "--auth-file (--allow-plaintext: without TLS; --allow-anonymous: without both)";
}

// What keeps strangers out must not be empty because a variable in a script was.
void need_files(const Settings& settings) {
  for (const char* name : {"auth-file", "tls-cert", "tls-key", "tls-client-ca"})
    if (settings.given(name) && settings.text(name).empty())
      throw settings.wrong(name, "is empty: name a file, or leave it out");
}

// Whether strangers and eavesdroppers are kept out, or nobody minds them.
bool may_be_exposed(const Settings& settings) {
  bool known = settings.given("auth-file") || settings.given("tls-client-ca");
  bool secret = settings.given("tls-cert") || settings.on("allow-plaintext");
  return settings.on("allow-anonymous") || (known && secret);
}

TlsFiles tls_files(const Settings& settings) {
  bool certificate = settings.given("tls-cert"), key = settings.given("tls-key");
  if (certificate != key)
    throw settings.wrong(certificate ? "tls-cert" : "tls-key", "needs the other one, too: --tls-cert and --tls-key");
  if (settings.given("tls-client-ca") && !certificate)
    throw settings.wrong("tls-client-ca", "clients show certificates over TLS only: give --tls-cert and --tls-key");
  return {settings.text("tls-cert"), settings.text("tls-key"), settings.text("tls-client-ca")};
}

// What the service manager passed takes the place of the default, not of what was asked for.
std::vector<ListenAddress> listeners(const Settings& settings) {
  std::vector<ListenAddress> all = passed_sockets(settings, getpid());
  bool allowed = may_be_exposed(settings);
  for (const ListenAddress& passed : all)
    if (beyond_loopback(passed) && !allowed) throw UsageError("LISTEN_FDS: " + exposed(passed.address));
  if (!all.empty() && !settings.given("listen")) return all;
  for (const std::string& text : settings.list("listen")) {
    all.push_back(listen_address(settings, text));
    if (beyond_loopback(all.back()) && !allowed) throw settings.wrong("listen", exposed(text));
  }
  return all;
}

// systemd gives a list separated by colons.
std::string data_directory(const Settings& settings) {
  if (settings.on("ephemeral")) return {};
  if (settings.given("data-dir")) {
    if (settings.text("data-dir").empty()) throw settings.wrong("data-dir", "no directory");
    return settings.text("data-dir");
  }
  std::string state = settings.variable("STATE_DIRECTORY");
  if (!state.empty()) return state.substr(0, state.find(':'));
  std::string base = settings.variable("XDG_STATE_HOME");
  if (base.starts_with('/')) return base + "/kvs";  // the XDG specification: relative paths count as not set
  std::string home = settings.variable("HOME");
  if (home.empty()) throw UsageError("where to keep the data? give --data-dir DIR or --ephemeral");
  return home + "/.local/state/kvs";
}

unsigned threads(const Settings& settings) {
  if (!settings.given("threads")) return std::clamp(std::thread::hardware_concurrency(), 1U, 256U);
  if (settings.number("threads") == 0) throw settings.wrong("threads", "at least 1");
  return static_cast<unsigned>(settings.number("threads"));
}

// With Kafka the topic is the copy that must last, and what a power cut takes here is read again from there.
void read_fsync(const Settings& settings, ServeOptions& options) {
  if (options.bus == "kafka" && !settings.given("fsync")) {
    options.fsync = FsyncMode::never;
    return;
  }
  std::string text = settings.text("fsync");
  if (text == "never") options.fsync = FsyncMode::never;
  if (text == "always" || text == "never") return;
  options.fsync = FsyncMode::interval;
  options.fsync_interval = settings.duration("fsync");
  if (options.fsync_interval.count() < 1 || options.fsync_interval > std::chrono::hours{1})
    throw settings.wrong("fsync", "'" + text + "' is out of bounds: an interval from 1ms to 1h, or always or never");
}

std::uint64_t size_between(const Settings& settings, std::string_view name, std::uint64_t least, std::uint64_t most) {
  std::uint64_t size = settings.size(name);
  if (size < least) throw settings.wrong(name, "at least " + std::to_string(least) + " bytes");
  if (size > most) throw settings.wrong(name, "at most " + std::to_string(most) + " bytes");
  return size;
}

std::vector<std::string> allowed_hosts(const Settings& settings) {
  std::vector<std::string> names = settings.list("allowed-host");
  for (std::string& name : names) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name.empty() || name.find_first_of("/: ") != std::string::npos)
      throw settings.wrong("allowed-host", "'" + name + "' is no host name (without scheme and port)");
  }
  return names;
}

std::vector<std::string> cors_origins(const Settings& settings) {
  std::vector<std::string> origins = settings.list("cors-origin");
  for (const std::string& origin : origins) {
    std::size_t scheme = origin.find("://");
    bool whole = scheme != std::string::npos && scheme > 0 && scheme + 3 < origin.size() &&
                 origin.find_first_of("/* ", scheme + 3) == std::string::npos;
    if (!whole)
      throw settings.wrong("cors-origin", "'" + origin + "' is no origin (https://HOST[:PORT], no path, no *)");
  }
  return origins;
}

std::string topic(const Settings& settings) {
  std::string name = settings.text("kafka-topic");
  if (name.empty() || name.size() > 249) throw settings.wrong("kafka-topic", "takes 1 to 249 bytes");
  return name;
}

void read_kafka(const Settings& settings, ServeOptions& options) {
  bool kafka = options.bus == "kafka";
  if (kafka || settings.on("print-kafka-config")) {
    options.kafka = kafka_options(settings);
    options.kafka.instance = options.instance;
  }
  if (!settings.given("bootstrap-from")) return;
  options.bootstrap_from = server_address(settings, "bootstrap-from");
  if (!kafka) throw settings.wrong("bootstrap-from", "only instances that share a topic have the same history");
}

LogLevel log_level(const std::string& text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "warning") return LogLevel::warning;
  return text == "error" ? LogLevel::error : LogLevel::info;
}

LogFormat log_format(const std::string& text) {
  if (text == "logfmt") return LogFormat::logfmt;
  return text == "json" ? LogFormat::json : LogFormat::automatic;
}

}  // namespace

ServeOptions serve_options(const Settings& settings) {
  constexpr std::uint64_t least_history = 64 * 1024;
  constexpr std::uint64_t largest_value = std::uint64_t{1} << 30;
  ServeOptions options;
  if (!settings.arguments().empty())
    throw UsageError("kvs serve takes no arguments: '" + settings.arguments().front() + "'");
  need_files(settings);
  options.listen = listeners(settings);
  options.data_dir = data_directory(settings);
  options.ephemeral = settings.on("ephemeral");
  options.bus = settings.text("bus");
  options.instance = instance_name(settings, options.listen);
  options.threads = threads(settings);
  read_fsync(settings, options);
  options.history_bytes = size_between(settings, "history-bytes", least_history, UINT64_MAX);
  options.history_memory = size_between(settings, "history-memory", least_history, UINT64_MAX);
  options.history_age = settings.duration("history-age");
  if (options.history_age.count() != 0 && options.history_age < std::chrono::seconds{1})
    throw settings.wrong("history-age", "at least 1s, or 0s: whatever its age, it stays");
  options.max_value_size = size_between(settings, "max-value-size", 1, largest_value);
  options.max_memory = settings.size("max-memory");
  options.idempotency_window = settings.number("idempotency-window");
  if (options.idempotency_window == 0) throw settings.wrong("idempotency-window", "at least 1");
  options.tombstones = settings.number("tombstones");
  options.max_connections = static_cast<unsigned>(settings.number("max-connections"));
  if (options.max_connections == 0) throw settings.wrong("max-connections", "at least 1");
  options.max_connections_per_address = settings.number("max-connections-per-address");
  options.max_in_flight = settings.number("max-in-flight");
  if (options.max_in_flight == 0) throw settings.wrong("max-in-flight", "at least 1");
  options.allow_anonymous = settings.on("allow-anonymous");
  options.auth_file = settings.text("auth-file");
  options.tls = tls_files(settings);
  options.allowed_hosts = allowed_hosts(settings);
  options.cors_origins = cors_origins(settings);
  options.ui = settings.text("ui") == "on";
  options.kafka_topic = topic(settings);
  read_kafka(settings, options);
  options.log_level = log_level(settings.text("log-level"));
  options.log_format = log_format(settings.text("log-format"));
  options.access_log = settings.on("access-log");
  options.log_keys = settings.on("log-keys");
  options.journal_stream = settings.variable("JOURNAL_STREAM");
  options.notify_socket = settings.variable("NOTIFY_SOCKET");
  options.watchdog = watchdog_interval(settings.variable("WATCHDOG_USEC"), settings.variable("WATCHDOG_PID"), getpid());
  options.shutdown_delay = settings.duration("shutdown-delay");
  options.shutdown_timeout = settings.duration("shutdown-timeout");
  return options;
}

}  // namespace kvs
