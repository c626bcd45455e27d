// A client's side of a Dialogue: says bytes, hears answers. Does what a Session does, without a socket.
#pragma once
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "http_text.hpp"
#include "kvs/net/dialogue.hpp"
#include "net_fixture.hpp"

namespace kvs::test {

class Conversation {
 public:
  using Need = Dialogue::Need;

  explicit Conversation(NetFixture& fixture, Arrival arrival = Arrival::loopback)
      : fixture_(fixture),
        wakeup_(fixture.worker.executor()),
        dialogue_(fixture.worker, wakeup_, arrival, parse_origin("127.0.0.1:4711")) {}

  // The bytes, at most `piece` at once. Goes on until it waits for more of them, for verdicts, or for ever.
  Conversation& say(std::string_view bytes, std::size_t piece = SIZE_MAX) {
    input_ += bytes;
    piece_ = piece;
    go_on();
    return *this;
  }
  // What was written is ordered, and the conversation goes on.
  Conversation& settle() {
    fixture_.order();
    go_on();
    return *this;
  }
  // All that was heard so far, and forgets it.
  std::string hear() { return std::exchange(heard_, {}); }
  // The next answer heard.
  Answer answer() { return take_answer(heard_); }
  Answer answer_to_head() { return take_answer(heard_, true); }
  // Of one request; a write is settled.
  Answer ask(std::string_view bytes) {
    say(bytes);
    if (waits_for_verdicts()) settle();
    return answer();
  }

  // What it waits for now.
  Need need() const { return need_; }
  bool waits_for_verdicts() { return !dialogue_.writes().empty(); }
  bool closed() const { return need_ == Need::close && !waiting_; }
  bool idle() { return need_ == Need::bytes && dialogue_.inbox().empty(); }
  // The longest output that was sent at once.
  std::size_t longest_output() const { return longest_output_; }
  Dialogue& dialogue() { return dialogue_; }

  void time_out() {
    dialogue_.time_out();
    send_output();
  }

 private:
  void go_on() {
    while (!closed()) {
      if (!waiting_ && need_ != Need::body) need_ = dialogue_.advance();
      while (need_ == Need::body && !waiting_) {
        if (!receive_body()) return;
      }
      waiting_ = waits_for_verdicts() && !dialogue_.writes().settled();
      if (waiting_) return;
      if (waits_for_verdicts()) {
        dialogue_.settle();
        if (need_ == Need::verdicts) continue;
      }
      send_output();
      if (idle() && fixture_.worker.draining()) need_ = Need::close;
      if (need_ == Need::past || need_ == Need::history) {
        fetch();
        continue;
      }
      if (need_ == Need::bytes && !receive(dialogue_.inbox().room(4096))) return;
      if (need_ != Need::bytes && need_ != Need::next && need_ != Need::send) return;
    }
  }

  // What the store has to look for.
  void fetch() {
    Store& store = fixture_.store;
    View& view = fixture_.worker.view();
    asio::io_context& io = fixture_.worker.context();
    if (need_ == Need::past) {
      dialogue_.past_found(run(io, store.past(view, dialogue_.wanted_past())));
    } else {
      const KeySearch& wanted = dialogue_.wanted_key();
      dialogue_.history_found(run(io, store.history_of(view, wanted.key, wanted.limit)));
    }
  }
  bool receive(std::span<char> room) {
    last_ = std::min({room.size(), input_.size(), piece_});
    std::memcpy(room.data(), input_.data(), last_);
    input_.erase(0, last_);
    if (need_ == Need::bytes) dialogue_.inbox().received(last_);
    return last_ != 0;
  }
  bool receive_body() {
    send_output();
    if (dialogue_.wants_continue()) {
      dialogue_.continue_sent();
      heard_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    if (input_.empty() || !receive(dialogue_.body_room())) return false;
    need_ = dialogue_.body_received(last_);
    return true;
  }
  void send_output() {
    longest_output_ = std::max(longest_output_, dialogue_.output().size());
    heard_ += std::exchange(dialogue_.output(), {});
  }

  NetFixture& fixture_;
  Wakeup wakeup_;
  Dialogue dialogue_;
  Need need_ = Need::next;
  bool waiting_ = false;  // for verdicts
  std::string input_, heard_;
  std::size_t piece_ = SIZE_MAX, last_ = 0, longest_output_ = 0;
};

}  // namespace kvs::test
