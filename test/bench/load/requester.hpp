#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "test/bench/load/dialect.hpp"
#include "test/bench/load/histogram.hpp"
#include "test/bench/load/poller.hpp"
#include "test/bench/load/socket.hpp"

namespace kvs::load {

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max() / 2;

// What all requesters of a run add up to, and what tells them to go on.
class Requester;

struct Tally {
  Tally(Keys all_keys, std::uint64_t requests) : keys(all_keys), left(requests) {}

  Keys keys;
  std::uint64_t left;          // requests that may still be sent
  bool paused = false;         // nothing new is sent
  std::uint64_t answered = 0;  // requests, the refused ones among them
  std::uint64_t refused = 0;
  std::uint64_t in_flight = 0;   // requests without answer
  std::string refusal;           // the first one's text
  bool paced = false;            // requests are sent by send_at(), not as soon as one before is answered
  std::vector<Requester*> idle;  // paced: those that have nothing in flight
  Histogram latency;             // of a batch, from sending it to its last answer
};

// A connection that sends a batch of requests, waits for all of their answers and sends the next.
class Requester : public Pollable {
 public:
  // What is referred to outlives the requester.
  Requester(std::uint16_t port, Poller& poller, const Dialect& dialect, Tally& tally, unsigned depth);

  // Sends the next batch unless one is on its way, the tally is paused or nothing is left to send.
  void next();
  // Sends one request that was due at that time, from which its latency counts. Only while nothing is in flight.
  void send_at(std::int64_t due);
  void ready() override;

 private:
  void send(std::size_t requests, std::int64_t due);
  void flush();
  void receive();
  void take(const Answers& answers);

  Socket socket_;
  const Dialect& dialect_;
  Tally& tally_;
  const unsigned depth_;
  std::string out_;           // not sent yet
  std::string in_;            // the beginning of an answer
  std::size_t requests_ = 0;  // in flight
  std::size_t awaited_ = 0;   // answers to them that have not come
  std::int64_t sent_at_ = 0;
};

}  // namespace kvs::load
