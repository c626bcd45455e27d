// The wait of one connection until the state is as new as a read wants it.
#pragma once
#include "kvs/net/consistency.hpp"
#include "kvs/net/worker.hpp"
#include "kvs/store/state_wait.hpp"

namespace kvs {

// One read at a time: begin(), then wait while waiting(), then end(). Notifies the wake-up when the wait is over.
class ReadWait final : public StateWaiter {
 public:
  enum class End : std::uint8_t {
    reached,
    not_in_time,
    away,  // nothing newer can be had: no bus, or the server stops
    full,  // too many wait already, or the bus takes no barrier now
  };

  ReadWait(Worker& worker, Wakeup& wakeup) : worker_(worker), wakeup_(wakeup) {}

  bool idle() const { return stage_ == Stage::idle; }
  bool waiting() const { return stage_ == Stage::barrier || stage_ == Stage::revision; }
  Clock::time_point deadline() const { return deadline_; }

  // From idle. It may be over at once.
  void begin(const Consistency& wanted);
  // The deadline has come.
  void give_up();
  // The server stops: a barrier that is on its way is still waited for, a revision that may never come is not.
  void drain();
  // Of a wait that is over; idle again.
  End end();

 private:
  enum class Stage : std::uint8_t { idle, barrier, revision, over };

  void told(PublishResult how) override;
  void go_on(PublishResult how);
  void be_over(End end);

  Worker& worker_;
  Wakeup& wakeup_;
  Revision at_least_ = no_revision;
  Clock::time_point deadline_{};
  Stage stage_ = Stage::idle;
  End end_ = End::reached;
  bool draining_ = false;
};

// What a read is told that could not be made as new as it wants to be.
Problem read_problem(ReadWait::End end, const Consistency& wanted, Worker& worker);

}  // namespace kvs
