// The wait of a long poll, on a connection that goes on afterwards.
#pragma once
#include <memory>

#include "kvs/net/body_source.hpp"
#include "kvs/net/channel.hpp"
#include "kvs/net/event_feed.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

class LongPoll {
 public:
  // The channel must outlive it.
  LongPoll(Worker& worker, Channel& channel, WatchRequest request);
  ~LongPoll();
  LongPoll(const LongPoll&) = delete;
  LongPoll& operator=(const LongPoll&) = delete;

  // Until there is something to be told, the wait is over, or the client has gone. Takes no byte from the channel.
  awaitable<void> run();
  // What was found is in frames(), not finished yet.
  EventFeed& feed() { return feed_; }
  void interrupt();

 private:
  void listen();
  void heard(boost::system::error_code error);
  bool over() const;

  Worker& worker_;
  Channel& channel_;
  EventFeed feed_;
  const Clock::time_point deadline_;
  Wakeup listened_;
  bool listening_ = false;
  bool over_ = false;  // there is no need to wait or listen any more
};

// The array of a state, and what belongs around it: diff or reset, if there was a gap, and synced.
std::unique_ptr<BodySource> state_array(Worker& worker, State state, WatchRequest request, bool gap);

}  // namespace kvs
