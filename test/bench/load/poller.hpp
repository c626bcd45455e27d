#pragma once

#include <cstdint>
#include <limits>

namespace kvs::load {

// Something with a socket.
class Pollable {
 public:
  virtual ~Pollable() = default;
  // The socket became readable or writable. Told once for each time (edge-triggered): take all there is.
  virtual void ready() = 0;
};

// Tells sockets' owners that they are ready, and keeps account of the time there was nothing to tell.
class Poller {
 public:
  explicit Poller(bool spin);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  // `owner` must outlive the poller's last poll(); closing the socket removes it.
  void add(int fd, Pollable& owner);

  // Once round: everything ready now, when not spinning after waiting for it until the time `until` (now_ns()'s), and
  // for at most 10 ms. Gives the time it ended at.
  std::int64_t poll(std::int64_t until = std::numeric_limits<std::int64_t>::max());

  // The share of the time since the last reset() that went into work. Near 1, with several sockets ready() at a time,
  // it is us who limit what is measured.
  double busy() const;
  // How many sockets were ready at a time, on average, when any was.
  double at_once() const;
  void reset();

 private:
  int fd_;
  bool spin_;
  std::int64_t began_;
  std::int64_t last_;
  std::int64_t idle_ = 0;
  std::uint64_t rounds_ = 0;  // that were not for nothing
  std::uint64_t told_ = 0;
};

}  // namespace kvs::load
