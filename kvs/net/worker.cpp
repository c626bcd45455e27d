#include "kvs/net/worker.hpp"

#include <ctime>
#include <random>

#include "kvs/json_text.hpp"
#include "kvs/net/answer.hpp"

namespace kvs {

namespace {

constexpr char digits36[] = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t id_prefix_size = 6;
constexpr std::size_t id_counter_size = 9;

std::string random_prefix() {
  std::random_device device;
  std::string prefix;
  for (std::size_t i = 0; i < id_prefix_size; ++i) prefix += digits36[device() % 36];
  return prefix;
}

}  // namespace

Worker::Worker(Store& store, const ServerOptions& options, ServerCounters& counters, std::uint32_t thread)
    : options_(options),
      counters_(counters),
      view_(store, executor(), thread, options.history_memory),
      access_log_(options.access_log, options.log_keys),
      slow_clients_(options.slow_memory),
      held_states_(options.slow_memory),
      scratch_(new char[scratch_size]),
      id_prefix_(random_prefix()) {
  store.attach(view_);
  counters.traffic.push_back(&traffic_);
}

void Worker::refresh_fields() {
  std::time_t now = std::time(nullptr);
  if (now == second_ && log_id_known_ == view_.ready()) return;
  second_ = now;
  log_id_known_ = view_.ready();
  ok_head_ = status_line(200);
  common_at_ = ok_head_.size();
  append_field(ok_head_, "Date", http_date(now));
  append_field(ok_head_, "X-Content-Type-Options", "nosniff");
  if (log_id_known_) append_field(ok_head_, "Kvs-Log-Id", to_string(store().log_id()));
}

std::string_view Worker::ok_head() {
  refresh_fields();
  return ok_head_;
}

std::string_view Worker::common_fields() {
  refresh_fields();
  return std::string_view(ok_head_).substr(common_at_);
}

std::string Worker::next_request_id() {
  std::string id(id_prefix_size + id_counter_size, '0');
  std::copy(id_prefix_.begin(), id_prefix_.end(), id.begin());
  std::uint64_t number = next_id_++;
  for (auto digit = id.rbegin(); number != 0 && digit != id.rend() - id_prefix_size; ++digit, number /= 36)
    *digit = digits36[number % 36];
  return id;
}

void Worker::drain() {
  leaving_ = draining_ = true;
  for (auto one = connections_.begin(); one != connections_.end();) {
    Connection& connection = *one++;
    connection.drain();
  }
}

void Worker::abort_all() {
  leaving_ = draining_ = true;
  for (auto one = connections_.begin(); one != connections_.end();) {
    Connection& connection = *one++;
    connection.abort();
  }
}

void Worker::revoke_all() {
  for (auto one = connections_.begin(); one != connections_.end();) {
    Connection& connection = *one++;
    connection.revoke();
  }
}

}  // namespace kvs
