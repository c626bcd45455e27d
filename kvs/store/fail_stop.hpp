// The end of all writing after a failure that must not be tried again.
#pragma once
#include <atomic>
#include <exception>
#include <mutex>

namespace kvs {

// Once told of a failure it throws that same failure for ever. Any thread.
class FailStop {
 public:
  void check() const {
    if (!failed_.load(std::memory_order_acquire)) return;
    std::lock_guard lock(mutex_);
    std::rethrow_exception(first_);
  }

  // Only the first one is kept.
  void fail(std::exception_ptr failure) {
    std::lock_guard lock(mutex_);
    if (!first_) first_ = std::move(failure);
    failed_.store(true, std::memory_order_release);
  }

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> failed_{false};
  std::exception_ptr first_;
};

}  // namespace kvs
