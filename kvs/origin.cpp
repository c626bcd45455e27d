#include "kvs/origin.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

namespace kvs {

Network network_of(const Origin& origin) {
  Network network{origin.kind, 0};
  std::memcpy(&network.address, origin.address.data(), origin.kind == Origin::Kind::ipv4 ? 4 : sizeof network.address);
  return network;
}

bool is_near(const Origin& origin) {
  if (origin.kind == Origin::Kind::ipv4) return origin.address[0] == 127;
  if (origin.kind != Origin::Kind::ipv6) return origin.kind == Origin::Kind::local;
  return std::memcmp(origin.address.data(), &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

std::string to_string(const Origin& origin) {
  char text[INET6_ADDRSTRLEN];
  switch (origin.kind) {
    case Origin::Kind::none:
      return {};
    case Origin::Kind::local:
      return "unix";
    case Origin::Kind::ipv4:
      inet_ntop(AF_INET, origin.address.data(), text, sizeof text);
      return std::string(text) + ':' + std::to_string(origin.port);
    case Origin::Kind::ipv6:
      inet_ntop(AF_INET6, origin.address.data(), text, sizeof text);
      return '[' + std::string(text) + "]:" + std::to_string(origin.port);
  }
  return {};
}

Origin parse_origin(std::string_view text) {
  Origin origin;
  if (text == "unix") {
    origin.kind = Origin::Kind::local;
    return origin;
  }
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  auto port = text.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), origin.port);
  if (error != std::errc{} || end != port.data() + port.size()) return {};
  std::string host(text.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), origin.address.data()) != 1) return {};
    origin.kind = Origin::Kind::ipv6;
  } else {
    if (inet_pton(AF_INET, host.c_str(), origin.address.data()) != 1) return {};
    origin.kind = Origin::Kind::ipv4;
  }
  return origin;
}

}  // namespace kvs
