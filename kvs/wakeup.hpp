// Lets one coroutine wait until other code of the same thread has changed something.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "kvs/async.hpp"
#include "kvs/turn.hpp"

namespace kvs {

// Waiters check their own condition in a loop; a wake-up says "look again", no more. One waiter at a time.
// Everything happens on the executor's thread, so nothing can come between a check and wait().
class Wakeup {
 public:
  explicit Wakeup(Executor executor) : executor_(std::move(executor)) {}

  // Returns after the next notify().
  awaitable<void> wait() {
    auto keep = [this](auto handler) { waiter_.emplace(std::move(handler)); };
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(keep, use_awaitable);
  }

  // Resumes the waiter, if there is one, when the current handler has returned.
  void notify() {
    if (!waiter_) return;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    asio::post(executor_, std::move(waiter));
  }

  // The same in one handler with all others of the turn. `memory`, `size`: what the waiter will touch first.
  void notify(Turn& turn, const void* memory, std::size_t size) {
    if (!waiter_) return;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    turn.add(std::move(waiter), memory, size);
  }

  // The same before it returns, which saves a turn of the event loop. The waiter may do anything meanwhile, also end
  // and take this object with it, and call whoever resumes it. Only from a handler of the executor's own.
  void resume() {
    if (!waiter_) return;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    std::move(waiter)();
  }

  bool waiting() const { return waiter_.has_value(); }

 private:
  Executor executor_;
  std::optional<Turn::Waiter> waiter_;
};

}  // namespace kvs
