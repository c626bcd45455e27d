// Many deadlines of one thread behind one timer.
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>

#include "kvs/async.hpp"

namespace kvs {

using Clock = std::chrono::steady_clock;

class Timeouts;

// A deadline that moves with every request and is hardly ever reached: moving it later costs one store.
// Must not outlive its Timeouts; destroying it disarms it. One thread.
class Timeout {
 public:
  explicit Timeout(Timeouts& timeouts) : timeouts_(timeouts) {}
  virtual ~Timeout() { disarm(); }
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;

  void arm(Clock::time_point due);
  void disarm();
  Clock::time_point due() const { return due_; }

 protected:
  // Called once, at or shortly after the deadline; the timeout is disarmed by then and may be armed again.
  virtual void expired() = 0;

 private:
  friend class Timeouts;
  using Place = std::multimap<Clock::time_point, Timeout*>::iterator;
  Timeouts& timeouts_;
  Clock::time_point due_ = Clock::time_point::max();
  Clock::time_point queued_ = Clock::time_point::max();  // where it stands in the queue: never after due_
  Place place_{};
};

class Timeouts {
 public:
  explicit Timeouts(Executor executor) : timer_(executor) {}

  // Waits no more; armed timeouts stay silent. For the end of the thread.
  void stop();

 private:
  friend class Timeout;
  using Queue = std::multimap<Clock::time_point, Timeout*>;
  void enqueue(Timeout& timeout, Clock::time_point at);
  void dequeue(Timeout& timeout);
  void schedule();
  void run();

  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer_;
  Clock::time_point scheduled_ = Clock::time_point::max();
  bool stopped_ = false;
  Queue queue_;
};

}  // namespace kvs
