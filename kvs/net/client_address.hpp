// Which server a client talks to.
//   address := ("http://" | "https://") host [":" port] ["/"] | host [":" port] | "unix:" path      host := name | IPv4
//   | "[" IPv6 "]"
// Without a port: 80 or 443 in a URL, 23333 otherwise.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"
#include "kvs/net/tls.hpp"

namespace kvs {

inline constexpr std::uint16_t default_port = 23333;

// What a client shows a server, and what it believes it by.
struct ClientCredentials {
  std::string token;  // sent as bearer token; empty: none
  TlsFiles files;
};

struct ServerAddress {
  std::string host;  // without brackets; empty for a local socket
  std::uint16_t port = default_port;
  std::string path;  // of a local socket
  bool tls = false;
  std::shared_ptr<const ClientCredentials> credentials = {};  // null: none

  std::string url() const;        // as people read it: "http://127.0.0.1:23333", "unix:/run/kvs.sock"
  std::string authority() const;  // the Host field: "[::1]:23333"; "localhost" for a local socket
};

// Errors: bad_parameter, with a text that says what would be right.
result<ServerAddress> parse_server_address(std::string_view text);

}  // namespace kvs
