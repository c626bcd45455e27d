// Whether a client goes on taking what was sent to it, however slowly.
#pragma once
#include <cstdint>

#include "kvs/net/channel.hpp"

namespace kvs {

// That there is room again in the socket's buffer is not asked for: Linux says so only when a third of it is free,
// which may be a megabyte. The channel must outlive it.
class Uptake {
 public:
  explicit Uptake(const Channel& channel) : channel_(channel) {}

  // From now on is looked.
  void look() { goes_on(); }
  // Whether something waits for the client, or did at the last look, and it has taken some since. That was a look, too.
  bool goes_on() {
    const std::size_t queued = channel_.queued();
    const auto taken = static_cast<std::int64_t>(channel_.written() - queued);
    const bool moved = (waited_ || queued != 0) && taken > taken_;
    taken_ = taken;
    waited_ = queued != 0;
    return moved;
  }

 private:
  const Channel& channel_;
  std::int64_t taken_ = 0;
  bool waited_ = false;
};

}  // namespace kvs
