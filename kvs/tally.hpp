// Numbers that are counted where things happen and read where somebody asks.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

namespace kvs {

// One thread counts, any thread reads: no locked instruction, so counting costs next to nothing.
class Tally {
 public:
  void add(std::uint64_t more = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  void take(std::uint64_t less = 1) { add(-less); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// How often values fell below which bounds. One thread records, any thread reads; a reader that comes between may see
// the last value counted and not yet summed.
template <std::size_t N>
class Histogram {
 public:
  // Rising; a value counts for the first bound that it does not exceed, or for none.
  using Bounds = std::array<std::uint64_t, N>;
  explicit constexpr Histogram(const Bounds& bounds) : bounds_(bounds) {}

  void record(std::uint64_t value) {
    std::size_t i = 0;
    while (i < N && value > bounds_[i]) ++i;
    counts_[i].add();
    sum_.add(value);
  }
  void record(std::chrono::nanoseconds duration) {
    record(static_cast<std::uint64_t>(std::max(duration.count(), std::chrono::nanoseconds::rep{0})));
  }

  const Bounds& bounds() const { return bounds_; }
  // The values that fell between bound i-1 and bound i; i == N: above the last.
  std::uint64_t count(std::size_t i) const { return counts_[i].value(); }
  std::uint64_t sum() const { return sum_.value(); }

 private:
  const Bounds& bounds_;
  std::array<Tally, N + 1> counts_;
  Tally sum_;
};

inline constexpr std::uint64_t nanoseconds_of_microsecond = 1000;

// For all that takes time, in nanoseconds: 0.1 ms to 10 s.
inline constexpr Histogram<16>::Bounds duration_bounds = [] {
  Histogram<16>::Bounds bounds{100,    250,     500,     1'000,   2'500,     5'000,     10'000,    25'000,
                               50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
  for (auto& bound : bounds) bound *= nanoseconds_of_microsecond;
  return bounds;
}();
// For numbers of things: powers of four up to 16,384.
inline constexpr Histogram<8>::Bounds size_bounds{1, 4, 16, 64, 256, 1024, 4096, 16384};

using Durations = Histogram<16>;
using Sizes = Histogram<8>;

}  // namespace kvs
