#include "kvs/cmd/serve_notifier.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace kvs {
namespace {

// message := assignment ("\n" assignment)*      assignment := NAME "=" VALUE, no newline in it (sd_notify(3))

constexpr timeval patience{.tv_sec = 1, .tv_usec = 0};  // with a manager whose queue is full

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (c == '\n') c = ' ';
  return line;
}

std::string microseconds(std::chrono::microseconds duration) { return std::to_string(duration.count()); }

// A socket that has that address as its peer; -1 if there is none.
int connected(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((path[0] != '/' && path[0] != '@') || path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = 0;
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (path[0] == '/' ? 1 : 0));
  int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), size) == 0) return descriptor;
  ::close(descriptor);
  return -1;
}

}  // namespace

Notifier::Notifier(const std::string& socket_path) {
  if (!socket_path.empty()) descriptor_ = connected(socket_path);
}

Notifier::~Notifier() {
  if (anybody()) ::close(descriptor_);
}

void Notifier::starting(std::string_view status, std::chrono::seconds patience) const {
  send("STATUS=" + one_line(status) + "\nEXTEND_TIMEOUT_USEC=" + microseconds(patience));
}

void Notifier::ready(std::string_view status) const { send("READY=1\nSTATUS=" + one_line(status)); }

void Notifier::reloading() const {
  auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC, as the protocol wants it
  send("RELOADING=1\nMONOTONIC_USEC=" + microseconds(std::chrono::duration_cast<std::chrono::microseconds>(now)));
}

void Notifier::stopping(std::string_view status, std::chrono::milliseconds patience) const {
  send("STOPPING=1\nSTATUS=" + one_line(status) + "\nEXTEND_TIMEOUT_USEC=" + microseconds(patience));
}

void Notifier::alive() const { send("WATCHDOG=1"); }

void Notifier::send(const std::string& message) const {
  if (anybody()) [[maybe_unused]]
    auto sent = ::send(descriptor_, message.data(), message.size(), MSG_NOSIGNAL);
}

}  // namespace kvs
