// A watch over a WebSocket: frames in, pings and pongs, the closing handshake.
#pragma once
#include <optional>
#include <string>

#include "kvs/net/watch_connection.hpp"
#include "kvs/net/websocket.hpp"

namespace kvs {

class WebSocketWatch final : public WatchConnection {
 public:
  // `early`: what the client sent behind its handshake.
  WebSocketWatch(Worker& worker, Channel channel, WatchRequest request, std::string_view early);

 private:
  Clock::time_point next_deadline() const override;
  void speak_up(std::string& out) override;
  bool take_input(std::string_view input) override;
  void say_goodbye(std::string& out) override;
  bool expects_answer() const override { return !client_closed_; }

  void take_message(std::string_view text);
  Clock::time_point dead_at() const;
  void close(std::uint16_t code, std::string_view why);

  FrameDecoder decoder_;
  bool ping_sent_ = false;
  bool client_closed_ = false;
  bool protocol_error_ = false;  // the client's bytes make no sense any more
  std::uint16_t code_ = 0;       // of the closing that does not come from the feed; 0: none
  std::string reason_;
  Clock::time_point pinged_at_{};
  Uptake uptake_;            // since then
  Clock::time_point heard_;  // last byte from the client
  std::optional<std::string> pong_;
};

}  // namespace kvs
