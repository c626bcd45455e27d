// What is logged of requests: all with --access-log, else those that failed by the server's fault or took long.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "kvs/net/head.hpp"
#include "kvs/net/routes.hpp"
#include "kvs/origin.hpp"

namespace kvs {

// One request with its answer.
struct Exchange {
  std::string_view method;
  std::string_view route;  // the template, "/v1/kv/{key}"
  std::string_view path;   // as it was sent, if --log-keys; else empty
  std::string_view request_id;
  Origin client;
  int status = 0;
  std::uint64_t bytes = 0;  // of the answer's body; of a stream 0
  std::chrono::steady_clock::duration took{};
  std::chrono::steady_clock::duration asked_wait{};  // of a long poll: so long may pass without anybody being slow
  bool expected = false;  // the status is 5xx by the route's contract (the original project's missing key)
};

// One I/O thread's; its own thread only.
class AccessLog {
 public:
  // `all`: --access-log. `keys`: --log-keys.
  AccessLog(bool all, bool keys) : all_(all), keys_(keys) {}

  bool keys() const { return keys_; }
  bool wants(int status, std::chrono::steady_clock::duration took) const {
    return all_ || status >= 500 || took >= slow;
  }
  // For a request that is wanted. Of failures and slow ones (without --access-log) at most `most_a_second` are
  // written, so that a server in trouble does not drown in its log; how many were left out is said later.
  void write(const Exchange& exchange, std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  static constexpr std::chrono::seconds slow{1};
  static constexpr std::uint64_t most_a_second = 100;

 private:
  bool room(std::chrono::steady_clock::time_point now);

  const bool all_;
  const bool keys_;
  std::chrono::steady_clock::time_point second_{};  // when the count began
  std::uint64_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace kvs
