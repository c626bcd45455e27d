#include "kvs/net/watch_connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "kvs/give_back.hpp"
#include "kvs/log.hpp"
#include "kvs/net/streamed_watch.hpp"
#include "kvs/net/websocket_watch.hpp"
#include "kvs/position.hpp"

namespace kvs {

namespace {

constexpr std::size_t most_buffers = 64;  // of one system call

// What a client may send in the long run: some pongs and questions are far below it. A read costs beside its bytes.
constexpr std::size_t input_per_second = 256 * 1024;
constexpr std::size_t read_cost = 512;
constexpr std::chrono::milliseconds input_burst{250};  // a largest message may come at once

}  // namespace

WatchConnection::WatchConnection(Worker& worker, Channel channel, WatchRequest request)
    : worker_(worker),
      patience_(worker.options().patience),
      channel_(std::move(channel)),
      head_(std::exchange(request.head, {})),
      feed_(worker, std::move(request)),
      reader_ended_(worker.executor()),
      alarm_(*this),
      uptake_(channel_),
      pause_(*this),
      held_(worker.slow_clients(), *this),
      held_state_(worker.held_states(), *this) {
  feed_.offer_to(*this);
  worker_.add(*this);
  ++worker_.counters().watchers;
}

WatchConnection::~WatchConnection() {
  --worker_.counters().watchers;
  worker_.traffic().ended(how_it_ended());
}

WatchOutcome WatchConnection::how_it_ended() const {
  switch (feed_.end()) {
    case EventFeed::End::count:
      return WatchOutcome::count;
    case EventFeed::End::draining:
      return WatchOutcome::draining;
    case EventFeed::End::compacted:
      return WatchOutcome::compacted;
    case EventFeed::End::unreadable:
      return WatchOutcome::failed;
    case EventFeed::End::none:
      break;
  }
  return revoked_ ? WatchOutcome::revoked : outcome_;
}

void WatchConnection::Alarm::expired() {
  if (connection_.sending_ && connection_.uptake_.goes_on()) {
    connection_.hold();
    return arm(Clock::now() + connection_.patience_.send);
  }
  connection_.note_end(WatchOutcome::slow);
  connection_.fail();
}

void WatchConnection::fail() {
  failed_ = true;
  channel_.cancel();
}

void WatchConnection::abort() {
  fail();
  feed_.interrupt();
}

void WatchConnection::cut() {
  note_end(WatchOutcome::slow);
  abort();
}

void WatchConnection::revoke() {
  const HolderRef& holder = feed_.request().holder;
  auto table = worker_.counters().access.table();
  if (!table || (holder && table->has(*holder))) return;
  revoked_ = true;
  want_end();
}

void WatchConnection::want_end() {
  ending_ = true;
  feed_.interrupt();
}

void WatchConnection::take_early(std::string_view input) {
  if (!input.empty()) client_done_ = !take_input(input);
}

std::string WatchConnection::position() const { return to_string(Position{feed_.reached(), worker_.store().log_id()}); }

awaitable<void> WatchConnection::run() {
  if (!client_done_) listen();
  try {
    co_await send_all();
    if (!failed_) co_await part();
  } catch (const std::exception& error) {  // the reader must be gone before this object is
    log::error("a watch failed", {{"error", error.what()}, {"request_id", feed_.request().request_id}});
  }
  channel_.close();
  if (pause_.is_on()) {
    pause_.disarm();
    reading_ = false;
  }
  while (reading_) co_await reader_ended_.wait();
}

awaitable<void> WatchConnection::send_all() {
  std::vector<asio::const_buffer> head{asio::buffer(head_)};
  bool open = co_await send_buffers(head);
  give_back(head_);
  std::string words;
  while (open && !ending_ && feed_.end() == EventFeed::End::none) {
    co_await feed_.next(next_deadline());
    if (failed_) break;
    speak_up(words);
    if (!words.empty()) feed_.buffers().emplace_back(asio::buffer(words));
    open = co_await send_buffers(feed_.buffers());
    words.clear();
    // A quick reader must not keep the thread from the others.
    if (open && feed_.others_first()) co_await asio::post(worker_.executor(), use_awaitable);
  }
}

bool WatchConnection::take(Revision after, const CommitRef& commit) noexcept {
  if (ending_ || failed_) return false;
  try {
    if (!feed_.take(after, commit)) return false;
    if (send_at_once(feed_.buffers())) {
      feed_.sent();
      return true;
    }
  } catch (const std::exception& error) {
    log::error("a watch failed", {{"error", error.what()}, {"request_id", feed_.request().request_id}});
    fail();
  }
  feed_.interrupt();
  return true;
}

// Most of what is sent fits into the socket's buffer: one system call. False: what is left is still in the buffers, and
// the socket has no room for it, or has failed.
bool WatchConnection::send_at_once(std::vector<asio::const_buffer>& buffers) {
  while (!buffers.empty() && !failed_) {
    boost::system::error_code error;
    std::span<const asio::const_buffer> some(buffers.data(), std::min(most_buffers, buffers.size()));
    std::size_t sent = channel_.write_some(some, error);
    auto rest = buffers.begin();
    while (rest != buffers.end() && sent >= rest->size()) sent -= (rest++)->size();
    rest = buffers.erase(buffers.begin(), rest);
    if (sent != 0) *rest += sent;
    if (!error) continue;
    failed_ = error != asio::error::would_block;
    return false;
  }
  return !failed_;
}

awaitable<bool> WatchConnection::send_buffers(std::vector<asio::const_buffer>& buffers) {
  while (!send_at_once(buffers) && !failed_) {
    alarm_.arm(Clock::now() + patience_.send);
    uptake_.look();
    hold();
    sending_ = true;
    boost::system::error_code error;
    co_await channel_.writable(error);
    sending_ = false;
    alarm_.disarm();
    if (error) failed_ = true;
  }
  held_.release();
  held_state_.release();
  co_return !failed_;
}

void WatchConnection::hold() {
  held_.hold(feed_.held());
  if (const State* state = feed_.state()) held_state_.hold(*state, worker_.view().held());
}

// The last words; then the client's answer, or its leaving, is waited for: whoever closes with unread bytes resets the
// connection, and the words could be lost.
awaitable<void> WatchConnection::part() {
  std::string words;
  say_goodbye(words);
  std::vector<asio::const_buffer> buffers{asio::buffer(words)};
  bool sent = co_await send_buffers(buffers);
  if (!sent || !expects_answer()) co_return;
  boost::system::error_code ignored;
  channel_.shutdown_send(ignored);
  alarm_.arm(Clock::now() + patience_.closing);
  while (reading_) co_await reader_ended_.wait();
}

void WatchConnection::listen() {
  reading_ = true;
  channel_.when_readable([this](boost::system::error_code error) { heard(error); });
}

void WatchConnection::heard(boost::system::error_code error) {
  bool open = false;
  try {
    open = !error && read_some();
  } catch (const std::exception& failure) {
    log::error("a watch's reader failed", {{"error", failure.what()}, {"request_id", feed_.request().request_id}});
    fail();
  }
  if (open && !failed_) return listen_again();
  reading_ = false;
  reader_ended_.notify();
  feed_.interrupt();
}

void WatchConnection::charge(std::size_t bytes) {
  auto cost = std::chrono::nanoseconds(std::chrono::seconds{1}) * (bytes + read_cost) / input_per_second;
  paid_until_ = std::max(paid_until_, Clock::now()) + cost;
}

void WatchConnection::listen_again() {
  if (paid_until_ - Clock::now() <= input_burst) return listen();
  pause_.arm(paid_until_ - input_burst);
}

void WatchConnection::Pause::expired() {
  if (!connection_.failed_) return connection_.listen();
  connection_.heard(asio::error::operation_aborted);  // nothing was waiting that its end could have cancelled
}

// Whether to read on.
bool WatchConnection::read_some() {
  boost::system::error_code error;
  std::size_t count = channel_.read_some({worker_.scratch(), Worker::scratch_size}, error);
  if (error == asio::error::would_block) return true;
  charge(count);
  if (!error && count != 0) return take_input({worker_.scratch(), count});
  fail();  // the writer may be waiting for room that never comes
  return false;
}

std::unique_ptr<WatchConnection> make_watch(Worker& worker, Channel channel, WatchRequest request,
                                            std::string_view early) {
  if (is_websocket(request.form))
    return std::make_unique<WebSocketWatch>(worker, std::move(channel), std::move(request), early);
  return std::make_unique<StreamedWatch>(worker, std::move(channel), std::move(request));
}

}  // namespace kvs
