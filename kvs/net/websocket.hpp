// The server's side of RFC 6455: the handshake's key, frames out, frames in. No compression, no extensions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/net/head.hpp"

namespace kvs {

enum class FrameType : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Closing codes (RFC 6455, 7.4.1; 4410 is ours).
namespace close_code {
inline constexpr std::uint16_t normal = 1000, going_away = 1001, protocol_error = 1002, no_code = 1005, bad_text = 1007,
                               policy = 1008, too_large = 1009, try_later = 1013, compacted = 4410;
}

// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

// Whether a request that wants_websocket() may be upgraded (RFC 6455, 4.2.1).
struct UpgradeError {
  int status;               // 400, 405, or 426: answer with Sec-WebSocket-Version: 13
  std::string_view detail;  // static text
};
std::optional<UpgradeError> check_upgrade(const RequestHead& head);

// The most a header of ours takes: 2 bytes and a 64-bit length (a server does not mask).
inline constexpr std::size_t max_frame_header = 10;
// The header of a whole message (or control frame, at most 125 bytes) whose payload follows.
void append_frame_header(std::string& out, FrameType type, std::uint64_t size);
void append_frame(std::string& out, FrameType type, std::string_view payload);
// A close frame; the reason is cut to 123 bytes at a character's end. no_code = an empty payload.
void append_close(std::string& out, std::uint16_t code, std::string_view reason = {});

// What clients send, in whatever pieces it arrives.
class FrameDecoder {
 public:
  struct Event {
    enum class Kind : std::uint8_t { need_more, message, ping, pong, close, error };
    Kind kind;
    bool text = false;       // of a message
    std::uint16_t code = 0;  // close: the client's (no_code if it gave none); error: what to close with
    // message, ping, pong: its bytes; close: the reason; error: why. Valid until the next call.
    std::string_view payload;
  };

  explicit FrameDecoder(std::size_t max_message = 64 * 1024) : max_message_(max_message) {}

  // Consumes from the front of `input` up to the end of one frame that gives an event; call again until need_more (then
  // all of the input was consumed). After close or error: call no more. Control frames may come between the fragments
  // of a message. Text is checked to be UTF-8 when the message is whole.
  Event next(std::string_view& input);

 private:
  static constexpr std::size_t client_header = 14;  // 2 bytes, 64-bit length, mask

  bool take_header(std::string_view& input);
  std::optional<Event> check_header();
  std::optional<Event> take_payload(std::string_view& input);
  Event finish_frame();
  Event finish_control();
  Event finish_close();
  Event fail(std::uint16_t code, std::string_view why);
  bool is_control() const { return (header_[0] & 0x08) != 0; }
  bool is_final() const { return (header_[0] & 0x80) != 0; }

  std::size_t max_message_;
  std::string message_;  // fragments so far
  std::string control_;  // payload of the current control frame
  std::uint8_t header_[client_header]{};
  std::uint8_t header_size_ = 0;  // bytes of it we have
  std::uint8_t header_need_ = 2;  // bytes of it there are, as far as known
  bool in_payload_ = false;
  bool in_message_ = false;       // fragments of a message are waiting for their end
  bool deliver_message_ = false;  // message_ was given out; clear it first
  FrameType message_type_ = FrameType::text;
  std::uint64_t payload_left_ = 0;
  std::uint32_t mask_at_ = 0;  // bytes of this frame unmasked so far, modulo 4
};

}  // namespace kvs
