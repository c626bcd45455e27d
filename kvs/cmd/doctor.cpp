// kvs doctor.
#include "kvs/cmd/doctor.hpp"

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/findings.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/kafka_command.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/net/client_address.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;

// The address as a client gives it; a server that listens everywhere is asked on loopback.
std::string address_of(const ListenAddress& listen, bool tls) {
  if (!listen.path.empty()) return "unix:" + listen.path.string();
  std::string host = listen.address == "0.0.0.0" ? "127.0.0.1" : listen.address == "::" ? "::1" : listen.address;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return (tls ? "https://" : "http://") + host + ":" + std::to_string(listen.port);
}

}  // namespace

void look_at_server(const Settings& settings, const ServeOptions& options, Findings& findings) {
  bool named = settings.given("server");
  if (!named && options.listen.front().path.empty() && options.listen.front().port == 0) return;
  Settings towards =
      named ? settings : settings.with("server", address_of(options.listen.front(), !options.tls.certificate.empty()));
  Remote remote(towards);
  const std::string url = remote.address().url();
  try {
    ClientAnswer ready = remote.ask({.method = "GET", .target = "/readyz", .fields = {}, .body = {}});
    if (ready.status == 200) return findings.push_back({Level::ok, "server", url + " is ready", {}});
    findings.push_back({Level::warn, "server", url + " is not ready: " + ready.body.substr(0, ready.body.find('\n')),
                        "its log and kvs status say more"});
  } catch (const Failure& failure) {
    const std::string why = failure.what();
    bool none = !named && failure.exit_code() == exit_code::unreachable && why.find("TLS: ") == std::string::npos;
    findings.push_back({named  ? Level::fail
                        : none ? Level::ok
                               : Level::warn,
                        "server", none ? "none runs at " + url + " now" : why, none ? "" : failure.hint()});
  }
}

int doctor(const Settings& settings) {
  ServeOptions options = serve_options(settings);
  silence_kafka(settings);
  Output output(settings);
  Findings findings;
  look_at_machine(options, findings);
  look_at_access(options, findings);
  look_at_server(settings, options, findings);
  if (options.bus == "kafka") {
    try {
      look_at_kafka(settings, options.kafka, settings.on("write"), findings);
    } catch (const KafkaConfigError& error) {
      findings.push_back({Level::fail, "Kafka settings", error.what(), "check --kafka-config and --kafka-config-file"});
    } catch (const KafkaError& error) {
      findings.push_back({Level::fail, "Kafka", error.what(), {}});
    }
  }
  return show(output, findings);
}

}  // namespace kvs
