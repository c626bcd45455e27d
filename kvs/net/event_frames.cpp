// messages      frame*           frame := a WebSocket text frame of "[" event ("," event)* "]", about 64 KiB at most
// legacy        frame*           frame := a WebSocket text frame of one message
// lines         (event LF)*
// event_stream  item*            item := "data: " event LF ["id: " position LF] LF
// array         "[" [event ("," event)*] "]" LF
// The last three over HTTP/1.1: chunk* "0" CRLF CRLF      chunk := size in hex digits CRLF bytes CRLF
#include "kvs/net/event_frames.hpp"

#include <utility>

#include "kvs/give_back.hpp"
#include "kvs/net/chunked.hpp"
#include "kvs/net/websocket.hpp"
#include "kvs/position.hpp"

namespace kvs {

namespace {

constexpr std::size_t kept_text = 4 * 1024;  // an idle watcher shall cost little

}  // namespace

std::string& EventFrames::begin() {
  switch (form_) {
    case WatchForm::messages:
      text_ += text_.empty() ? '[' : ',';
      break;
    case WatchForm::array:
      text_ += std::exchange(begun_, true) ? ',' : '[';
      break;
    case WatchForm::event_stream:
      text_ += "data: ";
      break;
    case WatchForm::lines:
    case WatchForm::legacy:
      break;
  }
  return text_;
}

void EventFrames::end(std::optional<Revision> position) {
  switch (form_) {
    case WatchForm::lines:
      text_ += '\n';
      break;
    case WatchForm::event_stream:
      text_ += '\n';
      if (position) text_.append("id: ").append(to_string(Position{*position, log_})) += '\n';
      text_ += '\n';
      break;
    case WatchForm::legacy:
      flush();
      break;
    case WatchForm::messages:
    case WatchForm::array:
      break;
  }
}

void EventFrames::end_revision() {
  if (text_.size() >= event_message_bytes) flush();
}

void EventFrames::flush() {
  if (text_.empty()) return;
  if (form_ == WatchForm::messages) text_ += ']';
  wrap();
  text_.clear();
  if (text_.capacity() > kept_text) give_back(text_);
}

void EventFrames::wrap() {
  if (is_websocket(form_)) {
    append_frame(out_, FrameType::text, text_);
  } else if (chunked_) {
    append_chunk(out_, text_);
  } else if (out_.empty()) {
    out_.swap(text_);
  } else {
    out_ += text_;
  }
}

void EventFrames::finish() {
  if (form_ == WatchForm::array) text_ += std::exchange(begun_, true) ? "]\n" : "[]\n";
  flush();
  if (chunked_) out_ += last_chunk;
}

}  // namespace kvs
