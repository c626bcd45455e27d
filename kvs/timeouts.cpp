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
  timeout.queued_ = at;
  timeout.place_ = queue_.emplace(at, &timeout);
  schedule();
}

void Timeouts::dequeue(Timeout& timeout) {
  queue_.erase(timeout.place_);
  timeout.queued_ = Clock::time_point::max();
}

void Timeouts::schedule() {
  if (stopped_ || queue_.empty() || queue_.begin()->first >= scheduled_) return;
  scheduled_ = queue_.begin()->first;
  timer_.expires_at(scheduled_);  // cancels the wait before, whose handler sees operation_aborted
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error && !stopped_) run();  // the wait may have ended just before stop()
  });
}

void Timeouts::run() {
  auto now = Clock::now();
  scheduled_ = Clock::time_point::max();
  while (!stopped_ && !queue_.empty() && queue_.begin()->first <= now) {
    Timeout& timeout = *queue_.begin()->second;
    dequeue(timeout);
    if (timeout.due_ == Clock::time_point::max()) continue;
    if (timeout.due_ > now) {
      timeout.queued_ = timeout.due_;
      timeout.place_ = queue_.emplace(timeout.due_, &timeout);
      continue;
    }
    timeout.due_ = Clock::time_point::max();
    timeout.expired();
  }
  schedule();
}

}  // namespace kvs
