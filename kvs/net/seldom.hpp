// What may be true at any moment is said now and then: an attack shall not fill the log.
#pragma once
#include "kvs/timeouts.hpp"

namespace kvs {

class Seldom {
 public:
  explicit Seldom(Clock::duration every) : every_(every) {}

  // True the first time, and again when so much time has passed since it last was.
  bool due() {
    auto now = Clock::now();
    if (last_ != Clock::time_point{} && now - last_ < every_) return false;
    last_ = now;
    return true;
  }

 private:
  const Clock::duration every_;
  Clock::time_point last_{};
};

}  // namespace kvs
