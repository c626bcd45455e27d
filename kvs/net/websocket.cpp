#include "kvs/net/websocket.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "kvs/give_back.hpp"
#include "kvs/json_text.hpp"

namespace kvs {
namespace {

// RFC 6455, 7.4: codes that may come over the wire.
bool is_sendable(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool is_defined(std::uint8_t type) { return type <= 2 || (type >= 8 && type <= 10); }

std::uint64_t big_endian(const std::uint8_t* bytes, int count) {
  std::uint64_t number = 0;
  for (int i = 0; i < count; ++i) number = number << 8 | bytes[i];
  return number;
}

void append_big_endian(std::string& out, std::uint64_t number, int count) {
  for (int shift = (count - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFF);
}

// At most `limit` bytes, cut where a character begins.
std::string_view cut(std::string_view utf8, std::size_t limit) {
  if (utf8.size() <= limit) return utf8;
  while (limit > 0 && (static_cast<unsigned char>(utf8[limit]) & 0xC0) == 0x80) --limit;
  return utf8.substr(0, limit);
}

void append_unmasked(std::string& out, std::string_view bytes, const std::uint8_t* mask, std::uint32_t mask_at) {
  std::size_t start = out.size();
  out.append(bytes);
  std::uint8_t turned[8];
  for (std::uint32_t i = 0; i < 8; ++i) turned[i] = mask[(mask_at + i) % 4];
  std::uint64_t wide;
  std::memcpy(&wide, turned, sizeof wide);
  char* at = out.data() + start;
  char* end = out.data() + out.size();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= wide;
    std::memcpy(at, &word, sizeof word);
  }
  for (int i = 0; at != end; ++at, ++i) *at = static_cast<char>(*at ^ turned[i]);
}

}  // namespace

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) throw std::bad_alloc();
  std::string answer;
  append_base64(answer, {reinterpret_cast<const char*>(digest), size});
  return answer;
}

std::optional<UpgradeError> check_upgrade(const RequestHead& head) {
  if (head.chunked() || head.content_length().value_or(0) != 0)
    return UpgradeError{400, "a WebSocket begins without a body"};
  if (!head.has(Known::sec_websocket_version))
    return UpgradeError{400, "a WebSocket begins with Sec-WebSocket-Version: 13"};
  if (head.value(Known::sec_websocket_version) != "13") {
    return UpgradeError{426,
                        "only version 13 of the WebSocket protocol is spoken here: send Sec-WebSocket-Version: 13"};
  }
  auto key = decode_base64(head.value(Known::sec_websocket_key));
  if (!key || key->size() != 16) return UpgradeError{400, "Sec-WebSocket-Key must be 16 bytes in base64"};
  return std::nullopt;
}

void append_frame_header(std::string& out, FrameType type, std::uint64_t size) {
  out += static_cast<char>(0x80 | static_cast<int>(type));
  if (size < 126) {
    out += static_cast<char>(size);
  } else if (size < 65536) {
    out += static_cast<char>(126);
    append_big_endian(out, size, 2);
  } else {
    out += static_cast<char>(127);
    append_big_endian(out, size, 8);
  }
}

void append_frame(std::string& out, FrameType type, std::string_view payload) {
  append_frame_header(out, type, payload.size());
  out += payload;
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
  if (code == close_code::no_code) return append_frame_header(out, FrameType::close, 0);
  reason = cut(reason, 123);
  append_frame_header(out, FrameType::close, 2 + reason.size());
  append_big_endian(out, code, 2);
  out += reason;
}

FrameDecoder::Event FrameDecoder::fail(std::uint16_t code, std::string_view why) {
  return {Event::Kind::error, false, code, why};
}

FrameDecoder::Event FrameDecoder::next(std::string_view& input) {
  if (deliver_message_) {
    deliver_message_ = false;
    if (message_.capacity() > 4096) give_back(message_);  // an idle watcher shall cost little
    message_.clear();
  }
  while (true) {
    if (!in_payload_) {
      if (!take_header(input)) return {Event::Kind::need_more, false, 0, {}};
      if (auto error = check_header()) return *error;
      in_payload_ = true;
    }
    if (auto event = take_payload(input)) return *event;
    if (in_payload_) return {Event::Kind::need_more, false, 0, {}};
  }
}

bool FrameDecoder::take_header(std::string_view& input) {
  while (header_size_ < header_need_) {
    if (input.empty()) return false;
    header_[header_size_++] = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    if (header_size_ != 2) continue;
    int length = header_[1] & 0x7F;
    int extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    int mask = (header_[1] & 0x80) != 0 ? 4 : 0;
    header_need_ = static_cast<std::uint8_t>(2 + extended + mask);
  }
  return true;
}

std::optional<FrameDecoder::Event> FrameDecoder::check_header() {
  auto type = static_cast<std::uint8_t>(header_[0] & 0x0F);
  int length = header_[1] & 0x7F;
  if ((header_[0] & 0x70) != 0)
    return fail(close_code::protocol_error, "a reserved bit is set, but no extension was agreed on");
  if (!is_defined(type)) return fail(close_code::protocol_error, "a frame of unknown type");
  if ((header_[1] & 0x80) == 0) return fail(close_code::protocol_error, "a client's frames must be masked");
  payload_left_ = length < 126 ? static_cast<std::uint64_t>(length) : big_endian(header_ + 2, length == 126 ? 2 : 8);
  bool wasteful = (length == 126 && payload_left_ < 126) || (length == 127 && payload_left_ < 65536);
  if (wasteful || payload_left_ >> 63 != 0)
    return fail(close_code::protocol_error, "a frame's length is not in its shortest form");
  mask_at_ = 0;
  if (is_control()) {
    control_.clear();
    if (!is_final()) return fail(close_code::protocol_error, "a control frame may not be fragmented");
    if (payload_left_ > 125)
      return fail(close_code::protocol_error, "a control frame may not be longer than 125 bytes");
    return std::nullopt;
  }
  bool continues = static_cast<FrameType>(type) == FrameType::continuation;
  if (continues && !in_message_) return fail(close_code::protocol_error, "a continuation without a beginning");
  if (!continues && in_message_)
    return fail(close_code::protocol_error, "a new message before the end of the last one");
  if (!continues) message_type_ = static_cast<FrameType>(type);
  in_message_ = true;
  if (payload_left_ > max_message_ - message_.size()) return fail(close_code::too_large, "the message is too large");
  return std::nullopt;
}

std::optional<FrameDecoder::Event> FrameDecoder::take_payload(std::string_view& input) {
  auto size = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input.size()));
  append_unmasked(is_control() ? control_ : message_, input.substr(0, size), header_ + header_need_ - 4, mask_at_);
  input.remove_prefix(size);
  mask_at_ = (mask_at_ + static_cast<std::uint32_t>(size)) % 4;
  payload_left_ -= size;
  if (payload_left_ != 0) return std::nullopt;
  Event event = finish_frame();
  in_payload_ = false;
  header_size_ = 0;
  header_need_ = 2;
  if (event.kind == Event::Kind::need_more) return std::nullopt;
  return event;
}

FrameDecoder::Event FrameDecoder::finish_frame() {
  if (is_control()) return finish_control();
  if (!is_final()) return {Event::Kind::need_more, false, 0, {}};
  in_message_ = false;
  deliver_message_ = true;
  bool text = message_type_ == FrameType::text;
  if (text && !is_utf8(message_)) return fail(close_code::bad_text, "a text message that is not UTF-8");
  return {Event::Kind::message, text, 0, message_};
}

FrameDecoder::Event FrameDecoder::finish_control() {
  switch (static_cast<FrameType>(header_[0] & 0x0F)) {
    case FrameType::ping:
      return {Event::Kind::ping, false, 0, control_};
    case FrameType::pong:
      return {Event::Kind::pong, false, 0, control_};
    default:
      return finish_close();
  }
}

FrameDecoder::Event FrameDecoder::finish_close() {
  if (control_.empty()) return {Event::Kind::close, false, close_code::no_code, {}};
  if (control_.size() == 1) return fail(close_code::protocol_error, "a close frame with half a code");
  auto code = static_cast<std::uint16_t>(big_endian(reinterpret_cast<const std::uint8_t*>(control_.data()), 2));
  auto reason = std::string_view(control_).substr(2);
  if (!is_sendable(code)) return fail(close_code::protocol_error, "a close frame with a code that may not be sent");
  if (!is_utf8(reason)) return fail(close_code::bad_text, "a close frame whose reason is not UTF-8");
  return {Event::Kind::close, false, code, reason};
}

}  // namespace kvs
