#include "kvs/net/long_poll.hpp"

#include <utility>

#include "kvs/net/record_json.hpp"

namespace kvs {

namespace {

class StateArray final : public BodySource {
 public:
  StateArray(Worker& worker, State state, WatchRequest request, bool gap)
      : request_(std::move(request)),
        frames_(WatchForm::array, false, worker.store().log_id()),
        events_(state, request_, since(state, gap)),
        oldest_(worker.store().oldest(worker.view())),
        gap_(gap) {}

  bool next(std::string& out) override {
    if (std::exchange(gap_, false)) events_.announce(frames_, oldest_);
    bool more = events_.append_to(frames_);
    if (!more) {
      append_synced(frames_.begin(), events_.revision());
      frames_.finish();
    }
    out += frames_.out();
    frames_.out().clear();
    return more;
  }
  const State* state() const override { return &events_.state(); }

 private:
  std::optional<Revision> since(const State& state, bool gap) const {
    if (!gap || request_.on_gap != OnGap::diff || !knows_difference(state, request_.after)) return std::nullopt;
    return request_.after;
  }

  const WatchRequest request_;
  EventFrames frames_;
  StateEvents events_;
  const Revision oldest_;
  bool gap_;  // to be announced
};

}  // namespace

std::unique_ptr<BodySource> state_array(Worker& worker, State state, WatchRequest request, bool gap) {
  return std::make_unique<StateArray>(worker, std::move(state), std::move(request), gap);
}

LongPoll::LongPoll(Worker& worker, Channel& channel, WatchRequest request)
    : worker_(worker),
      channel_(channel),
      feed_(worker, std::move(request)),
      deadline_(Clock::now() + feed_.request().wait),
      listened_(worker.executor()) {
  ++worker_.counters().watchers;
}

LongPoll::~LongPoll() { --worker_.counters().watchers; }

void LongPoll::interrupt() {
  over_ = true;
  feed_.interrupt();
}

bool LongPoll::over() const { return over_ || feed_.end() != EventFeed::End::none || Clock::now() >= deadline_; }

awaitable<void> LongPoll::run() {
  std::exception_ptr failure;
  listen();
  try {
    do {
      co_await feed_.next(deadline_);
      // The way through what nobody asked for must not keep the thread from the others.
      if (feed_.buffers().empty() && feed_.others_first()) co_await asio::post(worker_.executor(), use_awaitable);
    } while (feed_.buffers().empty() && !over());
  } catch (...) {
    failure = std::current_exception();  // the listener must be gone before this object is
  }
  over_ = true;
  channel_.cancel();
  while (listening_) co_await listened_.wait();
  if (failure) std::rethrow_exception(failure);
}

void LongPoll::listen() {
  listening_ = true;
  channel_.when_readable([this](boost::system::error_code error) { heard(error); });
}

// The client has gone, or its next request is here; that one stays where it is, and from then on the client's leaving
// goes unnoticed.
void LongPoll::heard(boost::system::error_code error) {
  bool more = false;
  if (!error) {
    channel_.peek(error);
    more = error == asio::error::would_block;
    if (error && !more) interrupt();
  }
  if (more && !over()) return listen();
  listening_ = false;
  listened_.notify();
}

}  // namespace kvs
