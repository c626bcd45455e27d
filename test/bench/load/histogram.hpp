#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace kvs::load {

// Durations in nanoseconds, 32 buckets to each doubling: a percentile is right within 3 %, the maximum exactly.
class Histogram {
 public:
  void add(std::int64_t ns) {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  // The smallest duration that at least `share` (0 to 1) of all do not exceed, in microseconds; 0 if there are none.
  double percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > wanted) return static_cast<double>(std::min(upper_bound_of(i), max_)) / 1e3;
    }
    return max();
  }

  double max() const { return static_cast<double>(max_) / 1e3; }

 private:
  static constexpr unsigned kShift = 5;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < (1u << kShift)) return value;
    const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1 - kShift;
    return ((octave + 1) << kShift) + ((value >> octave) & ((1u << kShift) - 1));
  }

  static std::uint64_t upper_bound_of(std::size_t bucket) {
    if (bucket < (1u << kShift)) return bucket;
    const auto octave = (bucket >> kShift) - 1;
    return (((std::uint64_t{1} << kShift) | (bucket & ((1u << kShift) - 1))) + 1) << octave;
  }

  std::array<std::uint64_t, (64 - kShift + 1) << kShift> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace kvs::load
