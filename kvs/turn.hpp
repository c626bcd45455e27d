// Giving way: whoever waits for a turn goes on behind everything that is ready now.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/prefetch.hpp"

namespace kvs {

// What asio::post() does for one coroutine this does for all that give way meanwhile, by one handler: they then do the
// same thing one after the other, by code that is warm, none needs memory of its own for it, and what the next ones
// will touch is fetched while those before them are busy. One thread.
class Turn {
 public:
  explicit Turn(Executor executor) : executor_(executor) {}

  using Waiter = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

  // `memory`, `size`: what the waiter will touch first.
  awaitable<void> wait(const void* memory, std::size_t size) {
    auto keep = [this](auto waiter, const void* begin, std::size_t bytes) { add(std::move(waiter), begin, bytes); };
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(keep, use_awaitable, memory, size);
  }
  // For one that has waited for something else.
  void add(Waiter waiter, const void* memory, std::size_t size) {
    if (waiting_.empty()) asio::post(executor_, [this] { run(); });
    waiting_.push_back({std::move(waiter), memory, size});
  }

 private:
  struct Place {
    Waiter waiter;
    const void* memory;
    std::size_t size;
  };

  void run() {
    constexpr std::size_t ahead = 2;
    running_.swap(waiting_);  // who gives way again meanwhile is in the next turn
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (i + ahead < running_.size()) prefetch(running_[i + ahead].memory, running_[i + ahead].size);
      std::move(running_[i].waiter)();
    }
    running_.clear();
  }

  Executor executor_;
  std::vector<Place> waiting_, running_;
};

}  // namespace kvs
