// Drives an io_context of a test's own: nothing runs unless the test says so.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

#include "kvs/async.hpp"

namespace kvs::test {

// Everything that can run now. How many handlers that were.
inline std::size_t settle(asio::io_context& io) {
  io.restart();
  return io.poll();
}

// Runs handlers, waiting for them, until `done()`. The bound is for a test that has failed.
template <class Done>
void drive(asio::io_context& io, Done done) {
  constexpr std::chrono::seconds patience{20};
  while (!done()) {
    io.restart();
    if (io.run_one_for(patience) == 0) throw std::runtime_error("nothing came that the test waits for");
  }
}

// A coroutine under way, and what it gave.
template <class T>
class Task {
 public:
  Task(asio::io_context& io, awaitable<T> body) : io_(io), end_(std::make_shared<End>()) {
    asio::co_spawn(io.get_executor(), std::move(body), [end = end_](std::exception_ptr error, T value) {
      end->error = error;
      end->value.emplace(std::move(value));
    });
  }

  // Whether it has ended, after everything that can run has run.
  bool done() {
    settle(io_);
    return end_->value.has_value();
  }
  T get() {
    drive(io_, [this] { return end_->value.has_value(); });
    if (end_->error) std::rethrow_exception(end_->error);
    return std::move(*end_->value);
  }

 private:
  struct End {
    std::exception_ptr error;
    std::optional<T> value;
  };
  asio::io_context& io_;
  std::shared_ptr<End> end_;
};

template <class T>
T run(asio::io_context& io, awaitable<T> body) {
  return Task<T>(io, std::move(body)).get();
}

}  // namespace kvs::test
