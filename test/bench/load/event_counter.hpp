#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "test/bench/load/options.hpp"

namespace kvs::load {

// Counts the change events in one watcher's stream, piece by piece as it arrives.
class EventCounter {
 public:
  virtual ~EventCounter() = default;

  // How many of the bytes received so far the server's answer to the subscription takes; 0: it is not complete.
  // Throws std::runtime_error if the answer is a no.
  virtual std::size_t greeting(std::string_view text) = 0;
  // Events that are complete, or whose beginning was seen, in the next bytes; what has to be sent back is put in
  // `reply`.
  virtual std::size_t count(std::string_view text, std::string& reply) = 0;
};

// kvs: WebSocket messages holding JSON arrays. An event is counted by its `{`, which our keys and values do not
// contain. frame := flags_and_opcode:u8 length:u8 (longer:u16be if length = 126, u64be if 127) payload     (RFC 6455
// section 5.2)
class WebSocketCounter : public EventCounter {
 public:
  std::size_t greeting(std::string_view text) override;
  std::size_t count(std::string_view text, std::string& reply) override;

 private:
  std::size_t take_head(std::string_view text);
  std::size_t take_control(std::string_view payload, std::string& reply);
  bool control() const { return (head_[0] & 0x08) != 0; }

  std::array<unsigned char, 10> head_{};
  std::size_t head_size_ = 0;  // bytes of it that are here
  std::uint64_t payload_ = 0;  // bytes still to come of the present frame
  std::string control_payload_;
};

// Redis and NATS: every event has the same size, known beforehand; only its first byte is looked at.
class FixedSizeCounter : public EventCounter {
 public:
  // `greeting_end` is what the answer to the subscription ends with, `event_size` bytes an event that begins with
  // `marker`.
  FixedSizeCounter(std::string greeting_end, char marker, std::size_t event_size);
  std::size_t greeting(std::string_view text) override;
  std::size_t count(std::string_view text, std::string& reply) override;

 private:
  std::string greeting_end_;
  char marker_;
  std::size_t event_size_;
  std::size_t rest_ = 0;  // bytes still to come of the present event
};

// What a watcher sends to begin with, and who counts what comes.
struct Subscription {
  std::string request;
  std::unique_ptr<EventCounter> counter;
};

// Of everything that is changed, or of a key or subject of its own (`number`) that is never changed.
// Throws std::invalid_argument for a protocol without subscriptions.
Subscription make_subscription(const Options& options, unsigned number);

}  // namespace kvs::load
