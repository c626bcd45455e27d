#include "kvs/net/access_log.hpp"

#include <cstdio>

#include "kvs/log.hpp"

namespace kvs {
namespace {

// "12.345"
std::string milliseconds(std::chrono::steady_clock::duration took) {
  auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(micros / 1000),
                static_cast<long long>(micros % 1000));
  return text;
}

void write_record(log::Level level, const Exchange& exchange) {
  log::Field status{"status", static_cast<std::uint64_t>(exchange.status)};
  log::Field bytes{"bytes", exchange.bytes};
  log::Field took{"took_ms", milliseconds(exchange.took)};
  took.number = true;
  if (exchange.path.empty()) {
    log::write(level, "request",
               {{"method", exchange.method},
                {"route", exchange.route},
                status,
                bytes,
                took,
                {"client", to_string(exchange.client)},
                {"request_id", exchange.request_id}});
  } else {
    log::write(level, "request",
               {{"method", exchange.method},
                {"route", exchange.route},
                {"path", exchange.path},
                status,
                bytes,
                took,
                {"client", to_string(exchange.client)},
                {"request_id", exchange.request_id}});
  }
}

}  // namespace

void AccessLog::write(const Exchange& exchange, std::chrono::steady_clock::time_point now) {
  bool trouble = (exchange.status >= 500 && !exchange.expected) || exchange.took - exchange.asked_wait >= slow;
  if (all_) return write_record(trouble ? log::Level::warn : log::Level::info, exchange);
  if (trouble && room(now)) write_record(log::Level::warn, exchange);
}

bool AccessLog::room(std::chrono::steady_clock::time_point now) {
  if (now - second_ >= std::chrono::seconds{1}) {
    if (left_out_ != 0) log::warn("more requests failed or were slow", {{"left_out", left_out_}});
    second_ = now;
    written_ = left_out_ = 0;
  }
  if (written_ < most_a_second) return ++written_ != 0;
  ++left_out_;
  return false;
}

}  // namespace kvs
