#include "test/bench/load/options.hpp"

#include <functional>
#include <map>
#include <stdexcept>

namespace kvs::load {
namespace {

using Setter = std::function<void(Options&, const std::string&)>;

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> table = {
      {"--protocol", [](Options& o, const std::string& v) { o.protocol = v; }},
      {"--operation", [](Options& o, const std::string& v) { o.operation = v; }},
      {"--port", [](Options& o, const std::string& v) { o.port = static_cast<std::uint16_t>(std::stoul(v)); }},
      {"--connections", [](Options& o, const std::string& v) { o.connections = static_cast<unsigned>(std::stoul(v)); }},
      {"--depth", [](Options& o, const std::string& v) { o.depth = static_cast<unsigned>(std::stoul(v)); }},
      {"--watchers", [](Options& o, const std::string& v) { o.watchers = static_cast<unsigned>(std::stoul(v)); }},
      {"--own-keys", [](Options& o, const std::string& v) { o.own_keys = v == "1"; }},
      {"--keys", [](Options& o, const std::string& v) { o.keys = std::stoull(v); }},
      {"--sequential", [](Options& o, const std::string& v) { o.sequential = v == "1"; }},
      {"--value-size", [](Options& o, const std::string& v) { o.value_size = std::stoul(v); }},
      {"--seconds", [](Options& o, const std::string& v) { o.seconds = std::stod(v); }},
      {"--warmup", [](Options& o, const std::string& v) { o.warmup = std::stod(v); }},
      {"--count", [](Options& o, const std::string& v) { o.count = std::stoull(v); }},
      {"--rate", [](Options& o, const std::string& v) { o.rate = std::stod(v); }},
      {"--ttl", [](Options& o, const std::string& v) { o.ttl = v; }},
      {"--topic", [](Options& o, const std::string& v) { o.topic = v; }},
      {"--max-lag", [](Options& o, const std::string& v) { o.max_lag = std::stoull(v); }},
      {"--spin", [](Options& o, const std::string& v) { o.spin = v == "1"; }},
      {"--server-pid", [](Options& o, const std::string& v) { o.server_pid = std::stoi(v); }},
  };
  return table;
}

void check(const Options& options) {
  if (options.port == 0) throw std::invalid_argument("--port is missing");
  if (options.connections == 0 || options.depth == 0 || options.keys == 0) {
    throw std::invalid_argument("--connections, --depth and --keys must be at least 1");
  }
  if (options.value_size < 16) throw std::invalid_argument("--value-size must be at least 16");
  if (options.rate > 0 && options.depth != 1) throw std::invalid_argument("--rate sends single requests: no --depth");
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
  if (arguments.empty()) throw std::invalid_argument("usage: kvs_load MODE --port PORT [--name value]…");
  Options options;
  options.mode = arguments.front();
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const auto setter = setters().find(arguments[i]);
    if (setter == setters().end()) throw std::invalid_argument("unknown option " + arguments[i]);
    if (i + 1 == arguments.size()) throw std::invalid_argument(arguments[i] + " needs a value");
    setter->second(options, arguments[i + 1]);
  }
  check(options);
  return options;
}

}  // namespace kvs::load
