#pragma once

#include <cstdint>
#include <string>

#include "test/bench/load/poller.hpp"
#include "test/bench/load/requester.hpp"

namespace kvs::load {

// CPU seconds, user and system, that the process has used; 0 if `pid` is 0.
double cpu_seconds(int pid);

// One JSON object on one line, put together member by member.
class Report {
 public:
  Report& add(const char* name, std::uint64_t value);
  Report& add(const char* name, double value);
  Report& add(const char* name, const std::string& text);
  Report& add_latency(const Histogram& latency);  // p50_us, p99_us, max_us
  void print() const;

 private:
  std::string text_;
};

}  // namespace kvs::load
