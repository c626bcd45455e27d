// Verdicts on their way back to those who wait for them.
#pragma once
#include <cstdint>

#include "kvs/command.hpp"

namespace kvs {

// Whoever waits for verdicts: told once for every submitted write that was not abandoned, on the view's thread.
class Settler {
 public:
  virtual void settle(std::uint32_t index, Verdict&& verdict) = 0;
  // That comes soon: what it will touch should be fetched from memory.
  virtual void fetch(std::uint32_t) const {}

 protected:
  ~Settler() = default;
};

// The verdict on a write of this thread, on its way back to it.
struct Settled {
  Ticket ticket;
  Verdict verdict;
};

}  // namespace kvs
