// A connection that has become a watch: moves the bytes of a EventFeed, and notices when the client leaves.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/net/channel.hpp"
#include "kvs/net/event_feed.hpp"
#include "kvs/net/uptake.hpp"
#include "kvs/net/worker.hpp"

namespace kvs {

// One coroutine, run(), sends, except for a commit that finds it waiting and fits into the socket's buffer:
// that is sent by the view's own handler. What the client sends is read by a chain of handlers, so that an idle watch
// costs one frame. What the two kinds of connection say beside the feed is up to them.
class WatchConnection : public Connection, private Taker {
 public:
  virtual ~WatchConnection();

  awaitable<void> run();

  void drain() override {}  // the store's end of history ends it, with everything sent
  void abort() override;
  void cut() override;
  void revoke() override;

 protected:
  WatchConnection(Worker& worker, Channel channel, WatchRequest request);

  // Until when the feed may wait.
  virtual Clock::time_point next_deadline() const = 0;
  // What there is to be said beside the feed's events, after them.
  virtual void speak_up(std::string& out) = 0;
  // What the client sent. Whether to read on; if not, it has said its last word.
  virtual bool take_input(std::string_view input) = 0;
  // The feed has ended, or want_end() was called.
  virtual void say_goodbye(std::string& out) = 0;
  virtual bool expects_answer() const = 0;  // of the client, to the goodbye

  // Why it ended, where that is none of the feed's doing.
  void note_end(WatchOutcome outcome) { outcome_ = outcome; }

  // run() goes on to the goodbye.
  void want_end();
  bool ending() const { return ending_; }
  bool revoked() const { return revoked_; }  // whoever watches may not any more
  // Whoever begins with what came behind the request calls it before run().
  void take_early(std::string_view input);
  EventFeed& feed() { return feed_; }
  const EventFeed& feed() const { return feed_; }
  const Patience& patience() const { return patience_; }
  // Not part of it: what is asked of the client's system.
  const Channel& channel() const { return channel_; }
  // "42@00d1c7f29a4be310": from where the client may go on.
  std::string position() const;

 private:
  class Alarm final : public Timeout {
   public:
    Alarm(WatchConnection& connection) : Timeout(connection.worker_.view().timeouts()), connection_(connection) {}

   private:
    void expired() override;
    WatchConnection& connection_;
  };

  // A client that sends more than a watch needs is read again only after a while, which holds it up.
  class Pause final : public Timeout {
   public:
    Pause(WatchConnection& connection) : Timeout(connection.worker_.view().timeouts()), connection_(connection) {}
    bool is_on() const { return due() != Clock::time_point::max(); }

   private:
    void expired() override;
    WatchConnection& connection_;
  };

  WatchOutcome how_it_ended() const;
  bool take(Revision after, const CommitRef& commit) noexcept override;
  bool send_at_once(std::vector<asio::const_buffer>& buffers);
  awaitable<void> send_all();
  awaitable<bool> send_buffers(std::vector<asio::const_buffer>& buffers);
  awaitable<void> part();
  void listen();
  void heard(boost::system::error_code error);
  bool read_some();
  void hold();
  void charge(std::size_t bytes);
  void listen_again();
  void fail();

  Worker& worker_;
  const Patience& patience_;
  Channel channel_;
  std::string head_;
  EventFeed feed_;
  Wakeup reader_ended_;
  Alarm alarm_;
  Uptake uptake_;
  Pause pause_;
  Clock::time_point paid_until_{};  // what was read is paid for by time
  SlowClients::Part held_;
  HeldStates::Part held_state_;
  bool sending_ = false;  // and waiting for room
  bool reading_ = false;
  bool client_done_ = false;  // it will send nothing any more
  WatchOutcome outcome_ = WatchOutcome::client;
  bool ending_ = false;
  bool revoked_ = false;
  bool failed_ = false;  // the socket is of no use any more
};

// The kind that the request asks for. `early`: what the client sent behind its request.
std::unique_ptr<WatchConnection> make_watch(Worker& worker, Channel channel, WatchRequest request,
                                            std::string_view early);

}  // namespace kvs
