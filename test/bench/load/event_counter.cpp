#include "test/bench/load/event_counter.hpp"

#include <algorithm>
#include <stdexcept>

#include "test/bench/load/dialect.hpp"

namespace kvs::load {
namespace {

constexpr unsigned char kClose = 0x08;
constexpr unsigned char kPing = 0x09;

std::size_t head_size_for(unsigned char length) { return length < 126 ? 2 : length == 126 ? 4 : 10; }

// In blocks of a fixed size whose count fits into a byte, which the compiler turns into vector instructions.
std::size_t count_braces(std::string_view text) {
  constexpr std::size_t kBlock = 128;
  std::size_t count = 0;
  for (; text.size() >= kBlock; text.remove_prefix(kBlock)) {
    unsigned char in_block = 0;
    for (std::size_t i = 0; i < kBlock; ++i) in_block = static_cast<unsigned char>(in_block + (text[i] == '{'));
    count += in_block;
  }
  return count + static_cast<std::size_t>(std::count(text.begin(), text.end(), '{'));
}

}  // namespace

std::size_t WebSocketCounter::greeting(std::string_view text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  if (!text.starts_with("HTTP/1.1 101")) throw std::runtime_error("refused to watch: " + std::string(text));
  const auto frame = head_end + 4;  // then `[{"op":"synced",…}]`, in one short frame
  if (text.size() < frame + 2) return 0;
  const auto length = static_cast<unsigned char>(text[frame + 1]);
  if (length >= 126) throw std::runtime_error("the first message is not the expected synced");
  if (text.size() < frame + 2 + length) return 0;
  if (text.substr(frame, 2u + length).find("\"synced\"") == std::string_view::npos) {
    throw std::runtime_error("the first message is not synced: " + std::string(text.substr(frame + 2, length)));
  }
  return frame + 2 + length;
}

std::size_t WebSocketCounter::take_head(std::string_view text) {
  std::size_t used = 0;
  while (used < text.size() && (head_size_ < 2 || head_size_ < head_size_for(head_[1]))) {
    head_[head_size_++] = static_cast<unsigned char>(text[used++]);
  }
  if (head_size_ < 2 || head_size_ < head_size_for(head_[1])) return used;
  payload_ = head_size_ == 2 ? head_[1] : 0;
  for (std::size_t i = 2; i < head_size_; ++i) payload_ = payload_ << 8 | head_[i];
  if (payload_ == 0) head_size_ = 0;
  return used;
}

std::size_t WebSocketCounter::take_control(std::string_view payload, std::string& reply) {
  control_payload_ += payload;
  if (payload.size() < payload_) return payload.size();
  if ((head_[0] & 0x0f) == kClose) throw std::runtime_error("closed by the server: " + control_payload_.substr(2));
  if ((head_[0] & 0x0f) == kPing) {  // a pong with the same payload, masked with zeros
    reply += '\x8a';
    reply += static_cast<char>(0x80 | control_payload_.size());
    reply.append(4, '\0');
    reply += control_payload_;
  }
  control_payload_.clear();
  return payload.size();
}

std::size_t WebSocketCounter::count(std::string_view text, std::string& reply) {
  std::size_t events = 0;
  while (!text.empty()) {
    if (payload_ == 0) {
      text.remove_prefix(take_head(text));
      continue;
    }
    const auto part = text.substr(0, payload_);
    if (control()) {
      take_control(part, reply);
    } else {
      events += count_braces(part);
    }
    payload_ -= part.size();
    if (payload_ == 0) head_size_ = 0;
    text.remove_prefix(part.size());
  }
  return events;
}

FixedSizeCounter::FixedSizeCounter(std::string greeting_end, char marker, std::size_t event_size)
    : greeting_end_(std::move(greeting_end)), marker_(marker), event_size_(event_size) {}

std::size_t FixedSizeCounter::greeting(std::string_view text) {
  const auto end = text.find(greeting_end_);
  return end == std::string_view::npos ? 0 : end + greeting_end_.size();
}

std::size_t FixedSizeCounter::count(std::string_view text, std::string& reply) {
  std::size_t events = 0;
  while (!text.empty()) {
    if (rest_ == 0) {
      const bool event = text.front() == marker_;
      if (!event && text.front() != 'P') throw std::runtime_error("not an event: " + std::string(text.substr(0, 80)));
      if (!event) reply += "PONG\r\n";
      rest_ = event ? event_size_ : std::string_view("PING\r\n").size();
      events += event;
    }
    const auto part = std::min(rest_, text.size());
    rest_ -= part;
    text.remove_prefix(part);
  }
  return events;
}

Subscription make_subscription(const Options& options, unsigned number) {
  const std::string subject = options.own_keys ? "other:" + std::to_string(number) : std::string(kSubject);
  const std::string size = std::to_string(options.value_size);
  Subscription subscription;
  if (options.protocol == "kvs") {
    subscription.request = "GET /v1/watch" + (options.own_keys ? "?key=" + subject : "") +
                           " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    subscription.counter = std::make_unique<WebSocketCounter>();
  } else if (options.protocol == "redis") {
    const std::string channel = "$" + std::to_string(subject.size()) + "\r\n" + subject + "\r\n";
    const std::string event = "*3\r\n$7\r\nmessage\r\n" + channel + "$" + size + "\r\n";
    subscription.request = "*2\r\n$9\r\nSUBSCRIBE\r\n" + channel;
    subscription.counter =
        std::make_unique<FixedSizeCounter>(channel + ":1\r\n", '*', event.size() + options.value_size + 2);
  } else if (options.protocol == "nats") {
    const std::string event = "MSG " + subject + " 1 " + size + "\r\n";
    subscription.request = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + subject + " 1\r\nPING\r\n";
    subscription.counter = std::make_unique<FixedSizeCounter>("PONG\r\n", 'M', event.size() + options.value_size + 2);
  } else {
    throw std::invalid_argument("no subscriptions with protocol " + options.protocol);
  }
  return subscription;
}

}  // namespace kvs::load
