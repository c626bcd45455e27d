#include "kvs/cmd/instance_name.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "kvs/net/client_address.hpp"

namespace kvs {
namespace {

constexpr std::size_t longest = 64;

bool allowed(unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; }

std::string host_name() {
  char host[longest + 1] = {};
  if (gethostname(host, sizeof host) != 0 || host[0] == 0) return "kvs";
  std::string name = host;
  std::ranges::replace_if(name, [](unsigned char c) { return !allowed(c); }, '-');
  return name;
}

}  // namespace

std::string instance_name(const Settings& settings, const std::vector<ListenAddress>& listen) {
  if (settings.given("instance")) {
    std::string name = settings.text("instance");
    if (name.empty() || name.size() > longest || !std::ranges::all_of(name, allowed))
      throw settings.wrong("instance", "takes 1 to 64 letters, digits, dots, dashes and underscores");
    return name;
  }
  std::string name = host_name();
  auto tcp = std::ranges::find_if(listen, [](const ListenAddress& one) { return one.path.empty(); });
  if (settings.text("bus") != "kafka" || tcp == listen.end() || tcp->port == default_port) return name;
  if (tcp->port == 0)
    throw settings.wrong("listen", "any port, with --bus kafka: give --instance NAME, the same at every start");
  std::string suffix = "-" + std::to_string(tcp->port);
  return name.substr(0, longest - suffix.size()) + suffix;
}

}  // namespace kvs
