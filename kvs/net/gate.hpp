// Who may come in by Host and Origin: what keeps a web page from reading and writing a store on somebody's own machine
// (DNS rebinding, cross-site requests).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kvs/net/head.hpp"
#include "kvs/net/reply.hpp"
#include "kvs/net/server_options.hpp"

namespace kvs {

// What kind of address a connection came in by.
enum class Arrival : std::uint8_t { loopback, network, local_socket };

// The request's Host must be localhost, a literal loopback (or unspecified) address or an allowed name when it came in
// by loopback: 421. An Origin must be the request's own host or a configured one; without Origin a write may not say
// that it is cross-site: 403. `cors_origin` is set to a configured foreign origin.
std::optional<Problem> check_gate(const RequestHead& head, bool writes, Arrival arrival, const ServerOptions& options,
                                  std::string& cors_origin);

}  // namespace kvs
