#include "kvs/net/websocket_watch.hpp"

#include <boost/json.hpp>

#include "kvs/log.hpp"

namespace kvs {

namespace {

// The word for a code that the frames themselves gave rise to.
std::string_view word_of(std::uint16_t code) {
  if (code == close_code::bad_text) return "bad_text";
  return code == close_code::too_large ? "too_large" : "protocol_error";
}

}  // namespace

WebSocketWatch::WebSocketWatch(Worker& worker, Channel channel, WatchRequest request, std::string_view early)
    : WatchConnection(worker, std::move(channel), std::move(request)), uptake_(this->channel()), heard_(Clock::now()) {
  take_early(early);
}

// Counted from the ping, which goes out late if the writer was busy: the client must have had time to answer. As long
// as it takes what lies before the ping, the time begins anew.
Clock::time_point WebSocketWatch::dead_at() const { return pinged_at_ + (patience().dead - patience().ping); }

Clock::time_point WebSocketWatch::next_deadline() const { return ping_sent_ ? dead_at() : heard_ + patience().ping; }

void WebSocketWatch::speak_up(std::string& out) {
  if (pong_) {
    append_frame(out, FrameType::pong, *pong_);
    pong_.reset();
  }
  if (ending()) return;
  auto now = Clock::now();
  if (ping_sent_ && now >= dead_at() && uptake_.goes_on()) pinged_at_ = now;
  if (ping_sent_ && now >= dead_at()) {
    note_end(WatchOutcome::slow);
    close(close_code::try_later, "dead");
  } else if (!ping_sent_ && now >= heard_ + patience().ping) {
    ping_sent_ = true;
    pinged_at_ = now;
    uptake_.look();
    append_frame(out, FrameType::ping, {});
  }
}

void WebSocketWatch::close(std::uint16_t code, std::string_view why) {
  if (code_ != 0) return;
  code_ = code;
  reason_ = std::string(why) + " since=" + position();
  want_end();
}

// The closing handshake (RFC 6455, 7.1.2): ours first or as the answer to the client's.
void WebSocketWatch::say_goodbye(std::string& out) {
  if (revoked()) close(close_code::policy, "forbidden");
  switch (feed().end()) {
    case EventFeed::End::count:
      close(close_code::normal, "count");
      break;
    case EventFeed::End::draining:
      close(close_code::going_away, "draining");
      break;
    case EventFeed::End::compacted:
      close(close_code::compacted, "compacted");
      break;
    case EventFeed::End::unreadable:
      close(close_code::try_later, "unreadable_history");
      break;
    case EventFeed::End::none:
      break;
  }
  append_close(out, code_, reason_);
}

bool WebSocketWatch::take_input(std::string_view input) {
  using Kind = FrameDecoder::Event::Kind;
  heard_ = Clock::now();
  if (std::exchange(ping_sent_, false)) feed().interrupt();  // it waits for a later time than the next ping's
  while (!protocol_error_) {
    FrameDecoder::Event event = decoder_.next(input);
    switch (event.kind) {
      case Kind::need_more:
        return true;
      case Kind::message:
        if (event.text) take_message(event.payload);
        break;
      case Kind::ping:
        pong_ = std::string(event.payload);  // of several only the newest needs its answer (RFC 6455, 5.5.3)
        feed().interrupt();
        break;
      case Kind::pong:
        break;
      case Kind::close:
        client_closed_ = true;
        if (code_ == 0) code_ = event.code;
        want_end();
        return false;
      case Kind::error:
        protocol_error_ = true;
        note_end(WatchOutcome::protocol);
        log::debug("a watch's client broke the protocol",
                   {{"error", event.payload}, {"request_id", feed().request().request_id}});
        close(event.code, word_of(event.code));
        break;
    }
  }
  return true;  // and forget it: the closing frame must arrive before the connection is reset
}

void WebSocketWatch::take_message(std::string_view text) {
  boost::system::error_code error;
  auto message = boost::json::parse(text, error);
  const auto* object = error ? nullptr : message.if_object();
  const auto* op = object ? object->if_contains("op") : nullptr;
  if (op && op->is_string() && op->get_string() == "progress") feed().ask_progress();
}

}  // namespace kvs
