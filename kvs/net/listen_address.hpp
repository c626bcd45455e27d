// Where a listener stands.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace kvs {

// A TCP address, or a path.
struct ListenAddress {
  std::string address;         // a literal IPv4 or IPv6 address, without brackets; empty for a path
  std::uint16_t port = 0;      // 0 = any
  std::filesystem::path path;  // unix:PATH; empty for TCP
  int descriptor = -1;         // of a socket that listens there already (it is taken over); -1: open one
};

}  // namespace kvs
