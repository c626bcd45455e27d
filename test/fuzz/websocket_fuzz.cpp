// Any bytes as a client's frames: what they say does not depend on the pieces in which they come, keeps the bounds, and
// is what RFC 6455 makes of them, read here once more and as simply as can be.
//
// input := piece:u8 frames:(the rest)
#include <optional>
#include <vector>

#include "input.hpp"
#include "kvs/json_text.hpp"
#include "kvs/net/websocket.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

using Kind = FrameDecoder::Event::Kind;

constexpr std::size_t max_message = 300;  // both forms of a length that may be too large are near

struct Said {
  Kind kind;
  bool text;
  std::uint16_t code;
  std::string payload;  // of an error: nothing, for its words are nobody's business

  bool operator==(const Said&) const = default;
};

std::vector<Said> decode(std::string_view bytes, std::size_t piece) {
  FrameDecoder decoder(max_message);
  std::vector<Said> all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    OwnBlock block(bytes.substr(at, piece));
    for (auto left = block.view();;) {
      auto event = decoder.next(left);
      if (event.kind == Kind::need_more) {
        require(left.empty());
        break;
      }
      require(event.payload.size() <= (event.kind == Kind::message ? max_message : 125));
      if (event.kind == Kind::error) require(!event.payload.empty());
      all.push_back({event.kind, event.text, event.code, event.kind == Kind::error ? "" : std::string(event.payload)});
      if (event.kind == Kind::error || event.kind == Kind::close) return all;
    }
  }
  return all;
}

// The plain reading of the same: frame by frame, all bytes at hand.
class Model {
 public:
  explicit Model(std::string_view bytes) : bytes_(bytes) {}

  std::vector<Said> run() {
    while (frame()) continue;
    return std::move(all_);
  }

 private:
  std::uint8_t at(std::size_t i) const { return static_cast<std::uint8_t>(bytes_[i]); }
  bool say(Kind kind, bool text, std::uint16_t code, std::string payload) {
    all_.push_back({kind, text, code, std::move(payload)});
    return kind != Kind::error && kind != Kind::close;
  }
  bool fail(std::uint16_t code) { return say(Kind::error, false, code, {}); }

  bool frame() {
    if (bytes_.size() < 2) return false;
    unsigned type = at(0) & 15U;
    bool final = at(0) >> 7 != 0, masked = at(1) >> 7 != 0, control = type >= 8;
    std::size_t more = (at(1) & 127) == 127 ? 8 : (at(1) & 127) == 126 ? 2 : 0;
    std::size_t header = 2 + more + (masked ? 4 : 0);
    if (bytes_.size() < header) return false;
    std::uint64_t size = more == 0 ? at(1) & 127U : 0;
    for (std::size_t i = 0; i < more; ++i) size = size << 8 | at(2 + i);
    bool shortest = (more == 0 || size > 125) && (more != 8 || size > 65535) && size >> 63 == 0;
    bool known = type <= 2 || (type >= 8 && type <= 10);
    bool in_order = control || (type == 0) == unfinished_.has_value();
    if ((at(0) & 0x70) != 0 || !known || !masked || !shortest || (control && (!final || size > 125)) || !in_order)
      return fail(close_code::protocol_error);
    if (!control && size > max_message - unfinished_.value_or("").size()) return fail(close_code::too_large);
    if (!control && type != 0) text_ = type == 1;
    if (bytes_.size() - header < size) return false;
    std::string payload(bytes_.substr(header, size));
    for (std::size_t i = 0; i < payload.size(); ++i)
      payload[i] = static_cast<char>(payload[i] ^ bytes_[header - 4 + i % 4]);
    bytes_.remove_prefix(header + size);
    if (control) return finish_control(type, std::move(payload));
    payload.insert(0, unfinished_.value_or(""));
    unfinished_.reset();
    if (!final) return unfinished_ = std::move(payload), true;
    if (text_ && !is_utf8(payload)) return fail(close_code::bad_text);
    return say(Kind::message, text_, 0, std::move(payload));
  }

  bool finish_control(unsigned type, std::string payload) {
    if (type != 8) return say(type == 9 ? Kind::ping : Kind::pong, false, 0, std::move(payload));
    if (payload.empty()) return say(Kind::close, false, close_code::no_code, {});
    if (payload.size() == 1) return fail(close_code::protocol_error);
    unsigned code = static_cast<std::uint8_t>(payload[0]) * 256U + static_cast<std::uint8_t>(payload[1]);
    bool reserved = code < 1000 || (code >= 1004 && code <= 1006) || (code >= 1015 && code < 3000) || code >= 5000;
    if (reserved) return fail(close_code::protocol_error);
    payload.erase(0, 2);
    if (!is_utf8(payload)) return fail(close_code::bad_text);
    return say(Kind::close, false, static_cast<std::uint16_t>(code), std::move(payload));
  }

  std::string_view bytes_;
  std::optional<std::string> unfinished_;  // what came of a message so far
  bool text_ = false;
  std::vector<Said> all_;
};

}  // namespace

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::size_t piece = input.byte() + std::size_t{1};
  auto bytes = input.rest();
  auto whole = decode(bytes, bytes.size());
  require(whole == decode(bytes, piece));
  require(whole == decode(bytes, 1));
  require(whole == Model(bytes).run());
  return 0;
}
