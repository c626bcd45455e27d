#include "kvs/net/watch_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/json.hpp>

#include "kvs/log.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/watch_messages.hpp"
#include "kvs/position.hpp"

namespace kvs {

namespace {

constexpr std::size_t most_buffers = 64;  // of one system call
constexpr std::size_t kept_output = 4 * 1024;
constexpr int most_questions = 100;  // of a client about progress, unanswered

}  // namespace

WatchStream::WatchStream(Worker& worker, Socket socket, WatchRequest request, std::string early)
    : worker_(worker),
      patience_(worker.options().patience),
      socket_(std::move(socket)),
      request_(std::move(request)),
      early_(std::move(early)),
      watch_(worker.view(), request_.filter, request_.after),
      reader_ended_(worker.executor()),
      alarm_(*this),
      sent_(request_.after),
      synced_at_(worker.view().state().revision()),
      left_(request_.count == 0 ? UINT64_MAX : request_.count),
      heard_(Clock::now()),
      spoke_(heard_) {
  watch_.require(synced_at_);
  worker_.add(*this);
  ++worker_.counters().watchers;
}

WatchStream::~WatchStream() { --worker_.counters().watchers; }

void WatchStream::Alarm::expired() {
  stream_.failed_ = true;
  boost::system::error_code ignored;
  stream_.socket_.cancel(ignored);
}

void WatchStream::abort() {
  failed_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  watch_.interrupt();
}

awaitable<void> WatchStream::run() {
  reader_running_ = true;
  asio::co_spawn(worker_.executor(), read_client(), [this](std::exception_ptr error) {
    if (error) log::error("a watch's reader failed");
    reader_running_ = false;
    reader_ended_.notify();
  });
  try {
    bool open = co_await send(request_.handshake);
    request_.handshake = {};
    if (open) open = co_await send_all();
    if (!failed_) co_await say_goodbye();
  } catch (const std::exception& error) {  // the reader must be gone before this object is
    log::error("a watch failed", {{"error", error.what()}});
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  while (reader_running_) co_await reader_ended_.wait();
}

awaitable<bool> WatchStream::send_all() {
  bool open = true;
  if (request_.initial) open = co_await send_state(std::exchange(request_.state, {}));
  while (open && closing_.code == 0 && !failed_) {
    if (!synced_ && sent_ >= synced_at_) say_synced();
    say_staleness();
    for (; progress_asked_ != 0 && sent_ >= progress_at_; --progress_asked_) say_progress();
    if (!out_.empty()) {
      open = co_await send(out_);
      out_.clear();
      if (out_.capacity() > kept_output) out_ = {};
    }
    if (!open) break;
    open = co_await step();
  }
  co_return open;
}

void WatchStream::say_synced() {
  synced_ = true;
  if (request_.form != WatchForm::events) return;
  std::string event;
  append_synced(event, sent_);
  append_event_message(out_, event);
  spoke_ = Clock::now();
}

void WatchStream::say_progress() {
  std::string event;
  append_progress(event, sent_);
  append_event_message(out_, event);
  spoke_ = Clock::now();
}

// Says whether the bus is away if that is not what was said last: of one that went and came back meanwhile nothing.
void WatchStream::say_staleness() {
  auto since = worker_.view().away_since();
  if (stale_said_ == since.has_value() || request_.form != WatchForm::events) return;
  stale_said_ = since.has_value();
  std::string event;
  if (since) {
    auto wall = std::chrono::system_clock::now() - (Clock::now() - *since);
    append_stale(event, std::chrono::time_point_cast<std::chrono::milliseconds>(wall));
  } else {
    append_fresh(event);
  }
  append_event_message(out_, event);
  spoke_ = Clock::now();
}

// Everything the filter wants of one immutable state; then the watch goes on from its revision.
awaitable<bool> WatchStream::send_state(State state) {
  MessageBuilder messages(out_);
  StateScan scan(state, request_.filter);
  while (const Record* record = scan.next()) {
    append_initial_event(messages.begin_event(), *record);
    messages.end_revision();
    if (out_.size() < event_message_bytes) continue;
    bool sent = co_await send(out_);
    out_.clear();
    if (!sent || closing_.code != 0) co_return sent;
    co_await asio::post(worker_.executor(), use_awaitable);  // a quick reader must not keep the thread from the others
  }
  messages.flush();
  watch_.move(state.revision());
  sent_ = synced_at_ = state.revision();
  synced_ = false;
  co_return true;
}

awaitable<bool> WatchStream::step() {
  Step step = co_await watch_.next(next_deadline(), watch_step_bytes);
  if (failed_) co_return false;
  bool open = co_await handle(step);
  co_return open;
}

awaitable<bool> WatchStream::handle(Step& step) {
  bool open = true;
  switch (step.kind) {
    case Step::Kind::changes:
      open = co_await send_changes(step);
      break;
    case Step::Kind::compacted:
      open = co_await start_over();
      break;
    case Step::Kind::unreadable:
      close(close_code::try_later, "unreadable_history");
      break;
    case Step::Kind::draining:
      sent_ = watch_.cursor();
      close(close_code::going_away, "draining");
      break;
    case Step::Kind::interrupted:
    case Step::Kind::timeout:
      sent_ = watch_.cursor();
      speak_up(Clock::now());
      break;
  }
  co_return open;
}

bool WatchStream::sendable_as_is(const Step& step) const {
  if (!request_.filter.everything() || left_ != UINT64_MAX) return false;
  if (request_.form == WatchForm::legacy && request_.deletes) return false;
  return step.commits.front()->before() >= step.after;
}

awaitable<bool> WatchStream::send_changes(Step& step) {
  spoke_ = Clock::now();
  bool open = true;
  if (sendable_as_is(step)) {
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(step.commits.size());
    for (const CommitRef& commit : step.commits) {
      const Rendering& messages = request_.form == WatchForm::events
                                      ? shared_messages(*commit)
                                      : shared_legacy_messages(*commit, worker_.options().topic);
      if (!messages.bytes.empty()) buffers.emplace_back(asio::buffer(messages.bytes));
    }
    open = co_await send_buffers(buffers);
    sent_ = watch_.cursor();
    co_return open;
  }
  auto commits = std::exchange(step.commits, {});  // they must not stay in memory because this client is slow
  for (const CommitRef& commit : commits) {
    Appended appended = append_messages(out_, *commit, step.after, request_, left_, worker_.options().topic);
    if (left_ == UINT64_MAX) continue;
    left_ -= std::min(left_, appended.count);
    if (left_ != 0) continue;
    sent_ = appended.last;
    close(close_code::normal, "count");  // say_goodbye() sends what is left first
    co_return open;
  }
  commits.clear();
  sent_ = watch_.cursor();
  co_await asio::post(worker_.executor(), use_awaitable);  // catching up must not keep the thread from the others
  co_return open;
}

// The history does not reach back to the cursor: what was there is not known any more.
awaitable<bool> WatchStream::start_over() {
  if (request_.form == WatchForm::legacy) {
    close(close_code::compacted, "compacted");
    co_return true;
  }
  State state = worker_.view().state();
  std::string event;
  append_reset(event, state.revision(), worker_.store().oldest(worker_.view()));
  append_event_message(out_, event);
  bool open = co_await send_state(std::move(state));
  co_return open;
}

// Counted from the ping, which goes out late if the writer was busy: the client must have had time to answer.
Clock::time_point WatchStream::dead_at() const { return pinged_at_ + (patience_.dead - patience_.ping); }

Clock::time_point WatchStream::next_deadline() const {
  auto deadline = ping_sent_ ? dead_at() : heard_ + patience_.ping;
  if (request_.progress && synced_) deadline = std::min(deadline, spoke_ + *request_.progress);
  return deadline;
}

// What is to be said without a change: pongs, pings, progress.
void WatchStream::speak_up(Clock::time_point now) {
  if (pong_) {
    append_frame(out_, FrameType::pong, *pong_);
    pong_.reset();
  }
  if (request_.progress && synced_ && now >= spoke_ + *request_.progress) say_progress();
  if (ping_sent_ && now >= dead_at()) {
    close(close_code::try_later, "dead");
  } else if (!ping_sent_ && now >= heard_ + patience_.ping) {
    ping_sent_ = true;
    pinged_at_ = now;
    append_frame(out_, FrameType::ping, {});
  }
}

awaitable<bool> WatchStream::send(std::string_view bytes) {
  std::vector<asio::const_buffer> buffers{asio::buffer(bytes)};
  bool sent = co_await send_buffers(buffers);
  co_return sent;
}

// Most of what is sent fits into the socket's buffer: one system call, no suspension.
awaitable<bool> WatchStream::send_buffers(std::vector<asio::const_buffer>& buffers) {
  std::size_t first = 0;
  while (first < buffers.size() && !failed_) {
    boost::system::error_code error;
    std::span<const asio::const_buffer> some(buffers.data() + first, std::min(most_buffers, buffers.size() - first));
    std::size_t sent = socket_.write_some(some, error);
    while (first < buffers.size() && sent >= buffers[first].size()) sent -= buffers[first++].size();
    if (sent != 0) buffers[first] += sent;
    if (!error) continue;
    if (error != asio::error::would_block) {
      failed_ = true;
      break;
    }
    alarm_.arm(Clock::now() + patience_.send);
    co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(use_awaitable, error));
    alarm_.disarm();
    if (error) failed_ = true;
  }
  co_return !failed_;
}

void WatchStream::close(std::uint16_t code, std::string_view why) {
  closing_.code = code;
  closing_.reason = std::string(why) + " since=" + position();
}

std::string WatchStream::position() const { return to_string(Position{sent_, worker_.store().log_id()}); }

// The closing handshake (RFC 6455, 7.1.2): ours first or as the answer to the client's.
awaitable<void> WatchStream::say_goodbye() {
  append_close(out_, closing_.code, closing_.reason);
  bool sent = co_await send(out_);
  if (!sent || client_closed_) co_return;
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  alarm_.arm(Clock::now() + patience_.closing);
  while (reader_running_) co_await reader_ended_.wait();
}

awaitable<void> WatchStream::read_client() {
  bool open = take_frames(std::exchange(early_, {}));
  while (open && !failed_) {
    boost::system::error_code error;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(use_awaitable, error));
    if (error) break;
    std::size_t count = socket_.read_some(asio::buffer(worker_.scratch(), Worker::scratch_size), error);
    if (error == asio::error::would_block) continue;
    if (error || count == 0) {
      failed_ = true;
      socket_.cancel(error);  // the writer may be waiting for room that never comes
      break;
    }
    heard_ = Clock::now();
    if (std::exchange(ping_sent_, false)) watch_.interrupt();  // the writer waits for a later time than the next ping's
    open = take_frames({worker_.scratch(), count});
  }
  watch_.interrupt();
}

// Whether to read on.
bool WatchStream::take_frames(std::string_view input) {
  using Kind = FrameDecoder::Event::Kind;
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
        watch_.interrupt();
        break;
      case Kind::pong:
        break;
      case Kind::close:
        client_closed_ = true;
        if (closing_.code == 0) closing_ = {event.code, {}};
        return false;
      case Kind::error:
        protocol_error_ = true;
        if (closing_.code == 0) close(event.code, event.payload);
        watch_.interrupt();
        break;
    }
  }
  return true;  // and forget it: the closing frame must arrive before the connection is reset
}

void WatchStream::take_message(std::string_view text) {
  boost::system::error_code error;
  auto message = boost::json::parse(text, error);
  const auto* object = error ? nullptr : message.if_object();
  const auto* op = object ? object->if_contains("op") : nullptr;
  if (!op || !op->is_string() || op->get_string() != "progress") return;
  if (request_.form != WatchForm::events || progress_asked_ == most_questions) return;
  ++progress_asked_;
  progress_at_ = worker_.view().state().revision();  // everything acknowledged before the question
  watch_.require(progress_at_);
  watch_.interrupt();
}

}  // namespace kvs
