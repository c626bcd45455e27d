#include "kvs/timeouts.hpp"

namespace kvs {

void Timeout::arm(Clock::time_point due) {
  due_ = due;
  if (queued_ <= due) return;  // it will look again when its old place comes up
  if (queued_ != Clock::time_point::max()) timeouts_.dequeue(*this);
  timeouts_.enqueue(*this, due);
}

void Timeout::disarm() {
  due_ = Clock::time_point::max();
  if (queued_ != Clock::time_point::max()) timeouts_.dequeue(*this);
}

void Timeouts::stop() {
  stopped_ = true;
  timer_.cancel();
}

void Timeouts::enqueue(Timeout& timeout, Clock::time_point at) {
  timeout.place_ = queue_.emplace(at, &timeout);  // may throw: then it is not queued
  timeout.queued_ = at;
  schedule();
}

void Timeouts::dequeue(Timeout& timeout) {
  queue_.erase(timeout.place_);
  timeout.queued_ = Clock::time_point::max();
}

void Timeouts::schedule() {
  if (stopped_ || queue_.empty() || queue_.begin()->first >= scheduled_) return;
  auto first = queue_.begin()->first;
  scheduled_ = Clock::time_point::max();  // until there is a wait
  timer_.expires_at(first);               // cancels the wait before, whose handler sees operation_aborted
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopped_) run();  // the wait may have ended just before stop()
  });
  scheduled_ = first;
}

void Timeouts::run() {
  auto now = Clock::now();
  scheduled_ = Clock::time_point::max();
  while (!stopped_ && !queue_.empty() && queue_.begin()->first <= now) {
    Timeout& timeout = *queue_.begin()->second;
    dequeue(timeout);
    if (timeout.due_ == Clock::time_point::max()) continue;
    if (timeout.due_ > now) {
      timeout.place_ = queue_.emplace(timeout.due_, &timeout);
      timeout.queued_ = timeout.due_;
      continue;
    }
    timeout.due_ = Clock::time_point::max();
    timeout.expired();
  }
  schedule();
}

}  // namespace kvs
