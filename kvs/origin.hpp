// Where a command came from: the client's address, as the legacy watch shows it.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace kvs {

// 20 bytes, so that a change in the history stays small. Kind none = not known.
struct Origin {
  enum class Kind : std::uint8_t { none = 0, ipv4 = 4, ipv6 = 6, local = 1 };
  std::array<std::uint8_t, 16> address{};  // network order; IPv4 in the first four bytes
  std::uint16_t port = 0;                  // host order
  Kind kind = Kind::none;

  bool operator==(const Origin&) const = default;
};

// What counts as one neighbour: an IPv4 address, or the /64 of an IPv6 one, whose owner has all addresses in it.
struct Network {
  Origin::Kind kind = Origin::Kind::none;
  std::uint64_t address = 0;
  auto operator<=>(const Network&) const = default;
};
Network network_of(const Origin& origin);
// On this machine: a local socket, a loopback address.
bool is_near(const Origin& origin);

// "127.0.0.1:51234", "[::1]:51234", "unix" for a local socket, "" for none.
std::string to_string(const Origin& origin);
// The inverse; anything that does not parse is `none`.
Origin parse_origin(std::string_view text);

}  // namespace kvs
