// A connection that has become a watch: changes out as WebSocket messages, the client's frames in.
#pragma once
#include <string>
#include <vector>

#include "kvs/net/watch_request.hpp"
#include "kvs/net/websocket.hpp"
#include "kvs/net/worker.hpp"
#include "kvs/store/state_scan.hpp"
#include "kvs/store/watch.hpp"

namespace kvs {

// Two coroutines: the writer, run(), which alone sends; and the reader, which tells it what the client wants.
class WatchStream final : public Connection {
 public:
  // `early`: what the client sent behind its handshake.
  WatchStream(Worker& worker, Socket socket, WatchRequest request, std::string early);
  ~WatchStream();

  awaitable<void> run();

  void drain() override {}  // the store's end of history ends it, with everything sent
  void abort() override;

 private:
  class Alarm final : public Timeout {
   public:
    Alarm(WatchStream& stream) : Timeout(stream.worker_.view().timeouts()), stream_(stream) {}

   private:
    void expired() override;
    WatchStream& stream_;
  };
  struct Closing {
    std::uint16_t code = 0;  // 0: not closing
    std::string reason;
  };

  awaitable<bool> send_all();
  awaitable<bool> send_state(State state);
  awaitable<bool> step();
  awaitable<bool> handle(Step& step);
  awaitable<bool> send_changes(Step& step);
  awaitable<bool> start_over();
  awaitable<bool> send_buffers(std::vector<asio::const_buffer>& buffers);
  awaitable<bool> send(std::string_view bytes);
  awaitable<void> say_goodbye();
  awaitable<void> read_client();
  bool take_frames(std::string_view input);
  void take_message(std::string_view text);
  Clock::time_point dead_at() const;
  Clock::time_point next_deadline() const;
  void speak_up(Clock::time_point now);
  void say_synced();
  void say_progress();
  void say_staleness();
  bool sendable_as_is(const Step& step) const;
  void close(std::uint16_t code, std::string_view why);
  std::string position() const;

  Worker& worker_;
  const Patience& patience_;
  Socket socket_;
  WatchRequest request_;
  std::string early_;
  Watch watch_;
  FrameDecoder decoder_;
  Wakeup reader_ended_;
  Alarm alarm_;
  std::string out_;     // frames made for this client alone
  Revision sent_;       // everything wanted up to here was sent
  Revision synced_at_;  // catching up ends here
  bool synced_ = false;
  bool stale_said_ = false;  // the last that was said of the bus: it is away
  int progress_asked_ = 0;   // by the client; answered when progress_at_ is sent
  Revision progress_at_ = no_revision;
  bool ping_sent_ = false;
  Clock::time_point pinged_at_{};
  std::optional<std::string> pong_;
  Closing closing_;
  bool client_closed_ = false;
  bool protocol_error_ = false;  // the client's bytes make no sense any more
  bool reader_running_ = false;
  bool failed_ = false;      // the socket is of no use any more
  std::uint64_t left_;       // changes until `count` is reached
  Clock::time_point heard_;  // last byte from the client
  Clock::time_point spoke_;  // last event to the client
};

}  // namespace kvs
