#include "kvs/cmd/serve_sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <optional>

#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr int first_passed = 3;  // sd_listen_fds(3)
constexpr std::uint64_t most_passed = 64;

std::optional<int> socket_option(int descriptor, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) != 0) return std::nullopt;
  return value;
}

template <class Address>
Address as(const sockaddr_storage& storage) {
  Address address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

std::optional<ListenAddress> address_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  ListenAddress listen{.address = {}, .port = 0, .path = {}, .descriptor = descriptor};
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    auto ip = as<sockaddr_in>(storage);
    listen.address = ::inet_ntop(AF_INET, &ip.sin_addr, text, sizeof text);
    listen.port = ntohs(ip.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    auto ip = as<sockaddr_in6>(storage);
    listen.address = ::inet_ntop(AF_INET6, &ip.sin6_addr, text, sizeof text);
    listen.port = ntohs(ip.sin6_port);
  } else if (storage.ss_family == AF_UNIX) {
    auto local = as<sockaddr_un>(storage);
    if (local.sun_path[0] == 0) local.sun_path[0] = '@';  // the abstract namespace
    listen.path = std::string(local.sun_path, ::strnlen(local.sun_path, sizeof local.sun_path));
  } else {
    return std::nullopt;
  }
  return listen;
}

ListenAddress passed_socket(int descriptor) {
  std::string name = "LISTEN_FDS: descriptor " + std::to_string(descriptor);
  if (socket_option(descriptor, SO_TYPE) != SOCK_STREAM || socket_option(descriptor, SO_ACCEPTCONN) != 1)
    throw UsageError(name + " is no listening stream socket: in the socket unit use ListenStream= and Accept=no");
  auto listen = address_of(descriptor);
  if (!listen) throw UsageError(name + " is neither a TCP nor a Unix socket");
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return *listen;
}

}  // namespace

std::vector<ListenAddress> passed_sockets(const Settings& settings, std::int64_t own_pid) {
  std::vector<ListenAddress> all;
  if (settings.variable("LISTEN_PID") != std::to_string(own_pid)) return all;
  std::string count = settings.variable("LISTEN_FDS");
  auto number = parse_number(count, most_passed);
  if (!number) throw UsageError("LISTEN_FDS: '" + count + "' is no number from 0 to " + std::to_string(most_passed));
  for (int i = 0; i < static_cast<int>(*number); ++i) all.push_back(passed_socket(first_passed + i));
  return all;
}

}  // namespace kvs
