#include "kvs/net/session.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "kvs/net/long_poll.hpp"
#include "kvs/net/watch_connection.hpp"

namespace kvs {

namespace {

constexpr std::size_t least_room = 4 * 1024;
constexpr std::size_t lent_room = 16 * 1024;
static_assert(lent_room <= Worker::scratch_size);

}  // namespace

Session::Session(Worker& worker, Channel channel, Arrival arrival, Origin peer)
    : worker_(worker),
      patience_(worker.options().patience),
      channel_(std::move(channel)),
      wakeup_(worker.executor()),
      alarm_(*this),
      uptake_(channel_),
      held_(worker.slow_clients(), *this),
      held_state_(worker.held_states(), *this) {
  dialogue_ = std::make_unique<Dialogue>(worker, wakeup_, arrival, peer);
  worker_.add(*this);
}

void Session::Alarm::expired() {
  session_.timed_out_ = true;
  session_.channel_.cancel();
  session_.wakeup_.notify();
}

void Session::drain() {
  if (dialogue_) dialogue_->drain();
  if (!reading_idle_) return;  // no request has begun; if its bytes are here already, it is still answered
  channel_.cancel();
}

void Session::abort() {
  aborted_ = true;
  channel_.close();
  wakeup_.notify();
  if (polling_) polling_->interrupt();
}

// The next request would be refused; what is being told to this client ends now.
void Session::revoke() {
  if (dialogue_ && dialogue_->is_revoked() && (polling_ || dialogue_->streaming())) abort();
}

// The way of a small request is all in here: one suspension to let the others go first, one if its bytes are not here
// by then, for a write one until its verdict; two system calls, if its bytes are here; no coroutine of its own.
awaitable<void> Session::run() {
  bool open = true;
  if (channel_.encrypted()) open = co_await agree();
  while (open && !aborted_) {
    Dialogue::Need need = dialogue_->advance();
    dialogue_->keep_input();
    if (need == Dialogue::Need::body) open = co_await receive_body(need);
    if (!open) break;
    if (!dialogue_->writes().empty()) {
      begin_wait_for_verdicts();
      while (!dialogue_->writes().settled() && !timed_out_ && !aborted_) co_await wakeup_.wait();
      end_wait_for_verdicts();
      if (need == Dialogue::Need::verdicts) continue;
    }
    if (!dialogue_->output().empty() && !send_at_once()) open = co_await send_output();
    if (!open) break;
    if (need == Dialogue::Need::bytes) {
      // By then the next request may be here, which saves a wait; and who sends without end has no more turns than
      // others.
      co_await others_first();
      bool lends = dialogue_->inbox().empty();
      std::span<char> room = begin_request();
      if (room.empty()) break;
      // No suspension from there to the wait: what cancels it (a drain, a time-out) must find it begun.
      boost::system::error_code error;
      std::size_t count = channel_.read_some(room, error);
      while (error == asio::error::would_block) {
        co_await channel_.socket().async_wait(channel_.read_waits_for(), asio::redirect_error(use_awaitable, error));
        if (!error) count = channel_.read_some(room, error);
      }
      reading_idle_ = false;
      if (lends) {
        dialogue_->inbox().lend({room.data(), count});
      } else {
        dialogue_->inbox().received(count);
      }
      if (error || count == 0) open = co_await no_request();
    } else if (need == Dialogue::Need::state) {
      co_await wait_for_state();
    } else if (need == Dialogue::Need::past) {
      co_await read_past();
    } else if (need == Dialogue::Need::history) {
      co_await read_history();
    } else if (need == Dialogue::Need::send) {
      co_await others_first();  // a pipeline must not keep the thread from the others
    } else if (need != Dialogue::Need::next) {
      open = co_await leave_http(need);
    }
  }
}

// The TLS handshake; whoever speaks plain HTTP to such a listener is told so.
awaitable<bool> Session::agree() {
  constexpr std::string_view plain_answer =
      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: "
      "51\r\n\r\nthis port speaks TLS: use https:// instead of http\n";
  if (worker_.draining()) co_return false;
  timed_out_ = false;
  reading_idle_ = true;  // a drain needs not wait for it
  alarm_.arm(Clock::now() + patience_.head);
  boost::system::error_code error;
  co_await channel_.handshake(error);
  reading_idle_ = false;
  if (!error) {
    dialogue_->introduce(channel_.tls()->peer_name());
    co_return true;
  }
  if (channel_.tls()->plain_http()) channel_.socket().write_some(asio::buffer(plain_answer), error);
  if (!timed_out_ && !aborted_ && !worker_.draining()) co_await linger();
  co_return false;
}

// What does not end with an answer of its own. Whether HTTP goes on.
awaitable<bool> Session::leave_http(Dialogue::Need need) {
  bool open = false;
  // If the token went while the answers before it went out, revoke() has missed what begins only now.
  bool lasts = need == Dialogue::Need::poll || need == Dialogue::Need::watch;
  if (lasts && dialogue_->is_revoked()) co_return false;
  if (need == Dialogue::Need::stream) open = co_await stream_body();
  if (need == Dialogue::Need::poll) open = co_await poll();
  if (need == Dialogue::Need::watch) co_await turn_into_watch();
  if (need == Dialogue::Need::close) co_await linger();
  co_return open;
}

// A write is settled as soon as it is durable. The deadline is for a disk that hangs.
void Session::begin_wait_for_verdicts() {
  timed_out_ = false;
  if (!dialogue_->writes().settled()) alarm_.arm(Clock::now() + patience_.request);
}

void Session::end_wait_for_verdicts() {
  if (!dialogue_->writes().settled()) dialogue_->writes().abandon();
  dialogue_->settle();
}

// The answers before it have gone out. What is behind it waits, too: answers keep the order of the requests.
awaitable<void> Session::wait_for_state() {
  ReadWait& wait = dialogue_->wait();
  timed_out_ = false;
  alarm_.arm(wait.deadline());
  while (wait.waiting() && !timed_out_ && !aborted_) co_await wakeup_.wait();
  wait.give_up();
}

// Whether all of the output fitted into the socket's buffer; else what is left of it is still there.
bool Session::send_at_once() {
  std::string& out = dialogue_->output();
  boost::system::error_code error;
  std::size_t sent = channel_.write_some(out, error);
  if (sent < out.size()) {
    out.erase(0, sent);
    return false;  // an error shows again with the next attempt
  }
  dialogue_->output_sent();
  return true;
}

// Ends by itself: a bounded piece of the history is read, by a thread that does nothing else.
awaitable<void> Session::read_past() {
  Counted counted(worker_.counters().past_reads);
  std::optional<State> state = co_await worker_.store().past(worker_.view(), dialogue_->wanted_past());
  dialogue_->past_found(std::move(state));
}

// Likewise.
awaitable<void> Session::read_history() {
  Counted counted(worker_.counters().searches);
  const KeySearch& wanted = dialogue_->wanted_key();
  KeyHistory found = co_await worker_.store().history_of(worker_.view(), wanted.key, wanted.limit);
  dialogue_->history_found(std::move(found));
}

awaitable<bool> Session::send_output() {
  std::string& out = dialogue_->output();
  if (out.empty()) co_return true;
  bool sent = co_await send(out);
  dialogue_->output_sent();
  co_return sent;
}

awaitable<bool> Session::send(std::string_view bytes) {
  while (!bytes.empty()) {
    boost::system::error_code error;
    std::size_t sent = channel_.write_some(bytes, error);
    bytes.remove_prefix(sent);
    if (!error) continue;
    if (error != asio::error::would_block) co_return false;
    timed_out_ = false;
    alarm_.arm(Clock::now() + patience_.send);
    held_.hold(dialogue_->output_held());
    if (const State* state = dialogue_->state_held()) held_state_.hold(*state, worker_.view().held());
    uptake_.look();
    co_await channel_.writable(error);
    if (aborted_ || (timed_out_ && !uptake_.goes_on())) co_return false;
  }
  held_.release();
  held_state_.release();
  co_return true;
}

// Whether bytes came. False: end of stream, error, or the deadline (timed_out_ tells).
awaitable<bool> Session::receive(std::span<char> room, Clock::time_point deadline, std::size_t& count) {
  timed_out_ = false;
  alarm_.arm(deadline);
  boost::system::error_code error;
  count = co_await channel_.read(room, error);
  co_return !error && count != 0;
}

// Room for more of a request, with its deadline armed; none if no further request is wanted. For its beginning that is
// the thread's, and what it receives must be kept before the next suspension: a request that comes whole never needs
// memory of the connection's own.
std::span<char> Session::begin_request() {
  Inbox& inbox = dialogue_->inbox();
  auto now = Clock::now();
  timed_out_ = false;
  reading_idle_ = inbox.empty();
  if (reading_idle_) {
    if (worker_.draining()) return {};
    inbox.shrink();
    alarm_.arm(now + patience_.idle);
    return {worker_.scratch(), lent_room};
  }
  if (std::exchange(heads_, dialogue_->heads() + 1) != dialogue_->heads() + 1) head_deadline_ = now + patience_.head;
  alarm_.arm(head_deadline_);
  return inbox.room(least_room);
}

// The bytes did not come: too late, or the client is gone. Whether the connection goes on.
awaitable<bool> Session::no_request() {
  if (!timed_out_ || aborted_ || worker_.draining()) co_return false;
  dialogue_->time_out();
  if (!dialogue_->output().empty()) co_await send_output();
  co_return false;
}

// Until the body is whole and answered, or something else is needed.
awaitable<bool> Session::receive_body(Dialogue::Need& need) {
  bool open = true;
  Clock::time_point latest = Clock::now() + patience_.body;  // for the next byte; what comes moves it
  while (need == Dialogue::Need::body && open) open = co_await receive_piece(need, latest);
  held_.release();
  co_return open;
}

awaitable<bool> Session::receive_piece(Dialogue::Need& need, Clock::time_point& latest) {
  bool sent = co_await send_output();  // answers before this request must not wait for its body
  if (!sent) co_return false;
  if (dialogue_->wants_continue()) {
    dialogue_->continue_sent();
    dialogue_->output() += "HTTP/1.1 100 Continue\r\n\r\n";
    sent = co_await send_output();
    if (!sent) co_return false;
  }
  held_.hold(dialogue_->body_held());
  std::size_t count = 0;
  bool received = co_await receive(dialogue_->body_room(), latest, count);
  if (received) {
    auto earned = static_cast<Patience::Duration::rep>(count) * patience_.byte;
    latest = std::min(latest + earned, Clock::now() + patience_.credit);
    need = dialogue_->body_received(count);
    co_return true;
  }
  if (!timed_out_ || aborted_) co_return false;
  dialogue_->time_out();
  co_await send_output();
  co_return false;
}

// A body made while it is sent, each piece when the one before has gone: a slow reader costs no memory.
awaitable<bool> Session::stream_body() {
  bool more = true;
  while (more) {
    more = dialogue_->next_piece();
    bool sent = co_await send_output();
    if (!sent) co_return false;
    co_await others_first();  // a quick reader must not keep the thread from the others
  }
  bool goes_on = dialogue_->stream_done();
  dialogue_->output_sent();  // what was kept for the next piece
  co_return goes_on;
}

// Closing with unread bytes would reset the connection and could lose the answer, or why TLS has failed: read on for a
// moment. What is read is thrown away, so TLS has no part in it.
awaitable<void> Session::linger() {
  boost::system::error_code error;
  std::span<char> room(worker_.scratch(), Worker::scratch_size);
  channel_.shutdown_send(error);
  timed_out_ = false;
  alarm_.arm(Clock::now() + patience_.linger);
  while (!error && !timed_out_ && !aborted_) {
    co_await channel_.socket().async_read_some(asio::buffer(room.data(), room.size()),
                                               asio::redirect_error(use_awaitable, error));
  }
}

// Whether the connection goes on, as after any other answer.
awaitable<bool> Session::poll() {
  Dialogue::Need need = Dialogue::Need::close;
  {
    LongPoll poll(worker_, channel_, std::move(dialogue_->upgrade()));
    alarm_.disarm();  // it is for a request, and would end the listening
    polling_ = &poll;
    co_await poll.run();
    polling_ = nullptr;
    if (aborted_) co_return false;
    need = dialogue_->answer_poll(poll.feed());
  }
  if (need == Dialogue::Need::stream) {
    bool open = co_await stream_body();
    co_return open;
  }
  bool sent = co_await send_output();
  co_return sent;
}

awaitable<void> Session::turn_into_watch() {
  WatchRequest request = std::move(dialogue_->upgrade());
  std::string early(dialogue_->inbox().data());
  dialogue_.reset();
  alarm_.disarm();
  unlink();
  auto watch = make_watch(worker_, std::move(channel_), std::move(request), early);
  co_await watch->run();
}

}  // namespace kvs
