// What the server tells the service manager that started it (systemd's sd_notify protocol, spoken by hand).
#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace kvs {

// One datagram a message to $NOTIFY_SOCKET. Any thread. Nobody to tell, or nobody who listens: nothing happens, for the
// service is the same without.
class Notifier {
 public:
  // A path, or "@name" in the abstract namespace; empty: nobody to tell.
  explicit Notifier(const std::string& socket_path);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  bool anybody() const { return descriptor_ >= 0; }

  // `status` is one line for people. The start takes longer: it counts as hung only if nothing is said for `patience`.
  void starting(std::string_view status, std::chrono::seconds patience) const;
  void ready(std::string_view status) const;
  // Settings are being read again; ready() follows.
  void reloading() const;
  // `patience`: how long the end may take.
  void stopping(std::string_view status, std::chrono::milliseconds patience) const;
  void alive() const;

 private:
  void send(const std::string& message) const;

  int descriptor_ = -1;
};

}  // namespace kvs
