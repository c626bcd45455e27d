// One connection from accept to close: moves the bytes of a Dialogue, keeps its time-outs.
#pragma once
#include <memory>

#include "kvs/net/channel.hpp"
#include "kvs/net/dialogue.hpp"
#include "kvs/net/uptake.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

class LongPoll;

class Session final : public Connection {
 public:
  Session(Worker& worker, Channel channel, Arrival arrival, Origin peer);

  // Until the connection has ended, one way or the other. Does not throw for what clients do.
  awaitable<void> run();

  void drain() override;
  void abort() override;
  void revoke() override;

 private:
  class Alarm final : public Timeout {
   public:
    Alarm(Session& session) : Timeout(session.worker_.view().timeouts()), session_(session) {}

   private:
    void expired() override;
    Session& session_;
  };

  awaitable<bool> agree();
  awaitable<void> others_first() { return worker_.turn().wait(dialogue_.get(), Dialogue::touched()); }
  void begin_wait_for_verdicts();
  void end_wait_for_verdicts();
  awaitable<void> wait_for_state();
  awaitable<void> read_past();
  awaitable<void> read_history();
  awaitable<bool> send_output();
  awaitable<bool> send(std::string_view bytes);
  awaitable<bool> receive(std::span<char> room, Clock::time_point deadline, std::size_t& count);
  bool send_at_once();
  std::span<char> begin_request();
  awaitable<bool> no_request();
  awaitable<bool> leave_http(Dialogue::Need need);
  awaitable<bool> receive_body(Dialogue::Need& need);
  awaitable<bool> receive_piece(Dialogue::Need& need, Clock::time_point& latest);
  awaitable<bool> stream_body();
  awaitable<void> linger();
  awaitable<bool> poll();
  awaitable<void> turn_into_watch();

  Worker& worker_;
  const Patience& patience_;
  Channel channel_;
  Wakeup wakeup_;
  Alarm alarm_;
  Uptake uptake_;
  bool timed_out_ = false;
  bool reading_idle_ = false;  // waiting for a request that has not begun
  bool aborted_ = false;
  Clock::time_point head_deadline_{};
  SlowClients::Part held_;
  HeldStates::Part held_state_;
  std::uint64_t heads_ = 0;  // which head the deadline is for: so many were complete before it, plus one
  LongPoll* polling_ = nullptr;
  std::unique_ptr<Dialogue> dialogue_;  // gone once the connection is a watch
};

}  // namespace kvs
