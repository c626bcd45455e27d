// Waits before the next try: longer after each failure, never in step with other clients.
#pragma once
#include <algorithm>
#include <chrono>
#include <random>

namespace kvs {

// Each wait is drawn from [least, ceiling]; the ceiling is `first`, doubles with every wait, and stays at `most`.
class WatchBackoff {
 public:
  static constexpr std::chrono::milliseconds least{250}, first{500}, most{10'000};

  std::chrono::milliseconds next() {
    std::chrono::milliseconds wait{Draw(least.count(), ceiling_.count())(random_)};
    ceiling_ = std::min(ceiling_ * 2, most);
    return wait;
  }
  // It worked.
  void reset() { ceiling_ = first; }

 private:
  using Draw = std::uniform_int_distribution<std::chrono::milliseconds::rep>;

  std::chrono::milliseconds ceiling_ = first;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace kvs
