#include "kvs/net/event_feed.hpp"

#include "kvs/give_back.hpp"
#include "kvs/net/record_json.hpp"

namespace kvs {

namespace {

constexpr std::size_t kept_output = 4 * 1024;
constexpr std::size_t kept_buffers = 16;
constexpr std::uint8_t most_questions = 100;  // about progress, unanswered

Transport transport_of(WatchForm form) {
  switch (form) {
    case WatchForm::messages:
      return Transport::websocket;
    case WatchForm::event_stream:
      return Transport::event_stream;
    case WatchForm::lines:
      return Transport::ndjson;
    case WatchForm::array:
      return Transport::long_poll;
    case WatchForm::legacy:
      return Transport::legacy;
  }
  return Transport::websocket;
}

}  // namespace

EventFeed::EventFeed(Worker& worker, WatchRequest request)
    : worker_(worker),
      request_(std::move(request)),
      watch_(worker.view(), request_.filter, request_.after),
      frames_(request_.form, request_.chunked, worker.store().log_id()),
      reached_(request_.after),
      synced_at_(worker.view().state().revision()),
      left_(request_.count == 0 ? UINT64_MAX : request_.count),
      spoke_(Clock::now()),
      resumes_(request_.resumes),
      transport_(transport_of(request_.form)) {
  worker_.traffic().watchers[static_cast<std::size_t>(transport_)].add();
  watch_.require(synced_at_);
  if (request_.initial) state_ = std::make_unique<StateEvents>(std::exchange(request_.state, {}), request_);
}

EventFeed::~EventFeed() { worker_.traffic().watchers[static_cast<std::size_t>(transport_)].take(); }

void EventFeed::note_resume(Resume resume) {
  if (std::exchange(resumes_, false)) worker_.traffic().went_on(resume);
}

// How far it was behind is looked at whenever it was handed much at once, and otherwise with one step in 64.
void EventFeed::note_changes(const Step& step, std::uint64_t sent) {
  Traffic& traffic = worker_.traffic();
  traffic.count(transport_, sent);
  if (step.commits.size() == 1 && number(watch_.cursor()) % 64 != 0) return;
  traffic.lag.record(number(worker_.view().state().revision()) - number(step.after));
}

// An idle watch keeps no memory for what it may never send again.
void EventFeed::sent() {
  buffers_.clear();
  commits_.clear();
  frames_.out().clear();
  if (frames_.out().capacity() > kept_output) give_back(frames_.out());
  if (buffers_.capacity() > kept_buffers) buffers_ = decltype(buffers_)();
}

awaitable<void> EventFeed::next(Clock::time_point deadline) {
  sent();
  made_alone_ = false;
  if (!state_ || !more_of_the_state()) {
    say_what_is_due();
    if (frames_.out().empty()) {
      Step step = co_await watch_.next(std::min(deadline, progress_at()), watch_step_bytes);
      take(step);
    }
  }
  hand_out();
}

bool EventFeed::take(Revision after, const CommitRef& commit) {
  if (!synced_ || progress_asked_ != 0 || left_ != UINT64_MAX) return false;
  Step step{Step::Kind::changes, after, {}};
  step.commits.push_back(commit);
  take(step);
  hand_out();
  return true;
}

// What take() has left, next() does not add again.
void EventFeed::hand_out() {
  if (frames_.out().empty() || !buffers_.empty()) return;
  buffers_.emplace_back(asio::buffer(frames_.out()));
  if (request_.progress) spoke_ = Clock::now();
}

// Everything the filter wants of one immutable state; then the watch goes on from its revision.
bool EventFeed::more_of_the_state() {
  made_alone_ = true;
  if (state_->append_to(frames_)) return true;
  watch_.move(state_->revision());
  reached_ = synced_at_ = state_->revision();
  synced_ = false;
  state_.reset();
  return false;
}

void EventFeed::say_what_is_due() {
  bool behind = reached_ < synced_at_;
  if (!synced_ && !behind) say_synced();
  if (!announces()) return;
  say_staleness();
  for (; progress_asked_ != 0 && reached_ >= progress_asked_at_; --progress_asked_) say_progress();
  if (frames_.out().empty() && progress_due()) say_progress();
}

void EventFeed::end_control(bool resumable) {
  std::optional<Revision> position;
  if (resumable) position = reached_;
  frames_.end(position);
  frames_.flush();
}

void EventFeed::say_synced() {
  synced_ = true;
  note_resume(Resume::complete);
  if (!announces()) return;
  say_skipped();
  append_synced(frames_.begin(), reached_);
  end_control(true);
}

void EventFeed::say_progress() {
  say_skipped();
  append_progress(frames_.begin(), reached_);
  end_control(true);
}

void EventFeed::say_skipped() {
  if (skipped_ == 0) return;
  append_skipped(frames_.begin(), std::exchange(skipped_, 0));
  end_control(false);
}

// Says whether the bus is away if that is not what was said last: of one that went and came back meanwhile nothing.
void EventFeed::say_staleness() {
  auto since = worker_.view().away_since();
  if (stale_said_ == since.has_value()) return;
  stale_said_ = since.has_value();
  if (since) {
    auto wall = std::chrono::system_clock::now() - (Clock::now() - *since);
    append_stale(frames_.begin(), std::chrono::time_point_cast<std::chrono::milliseconds>(wall));
  } else {
    append_fresh(frames_.begin());
  }
  end_control(false);
}

std::size_t EventFeed::held() {
  std::size_t bytes = frames_.out().size();
  Revision oldest = worker_.view().history().oldest();
  for (const CommitRef& commit : commits_) {
    if (commit->last() <= oldest) bytes += commit->footprint() / static_cast<std::size_t>(commit.use_count());
  }
  return bytes;
}

void EventFeed::take(Step& step) {
  switch (step.kind) {
    case Step::Kind::changes:
      if (sendable_as_is(step)) return take_as_is(step);
      return take_chosen(step);
    case Step::Kind::compacted:
      return bridge_gap();
    case Step::Kind::unreadable:
      end_ = End::unreadable;
      return;
    case Step::Kind::draining:
      reached_ = watch_.cursor();
      end_ = End::draining;
      return;
    case Step::Kind::interrupted:
    case Step::Kind::timeout:
      reached_ = watch_.cursor();
      return;
  }
}

bool EventFeed::sendable_as_is(const Step& step) const {
  if (request_.form == WatchForm::array || !request_.takes_everything()) return false;
  if (request_.latest && is_behind(step)) return false;
  return frames_.shareable() && step.commits.front()->before() >= step.after;
}

bool EventFeed::is_behind(const Step& step) const {
  return step.commits.size() > 1 || worker_.view().state().revision() > watch_.cursor();
}

void EventFeed::take_as_is(Step& step) {
  std::uint64_t changes = 0;
  for (const CommitRef& commit : step.commits) changes += commit->changes().size();
  note_changes(step, changes);
  commits_ = std::move(step.commits);
  for (const CommitRef& commit : commits_) {
    const Rendering& events = shared_events(*commit, request_.form, worker_.store().log_id(), worker_.options().topic);
    if (!events.bytes.empty()) buffers_.emplace_back(asio::buffer(events.bytes));
  }
  reached_ = watch_.cursor();
  if (request_.progress && !buffers_.empty()) spoke_ = Clock::now();
}

// The commits are let go at once: they must not stay in memory because this client is slow.
void EventFeed::take_chosen(Step& step) {
  made_alone_ = true;
  std::uint64_t sent = 0;
  std::optional<Newest> newest;
  if (request_.latest && is_behind(step)) newest.emplace(worker_.view().state(), step.commits);
  for (const CommitRef& commit : step.commits) {
    Appended appended = append_changes(frames_, *commit, step.after, request_, left_, worker_.options().topic,
                                       newest ? &*newest : nullptr);
    skipped_ += appended.skipped;
    sent += appended.count;
    if (left_ == UINT64_MAX) continue;
    left_ -= std::min(left_, appended.count);
    if (left_ != 0) continue;
    reached_ = appended.last;
    end_ = End::count;
    note_resume(Resume::complete);
    break;
  }
  note_changes(step, sent);
  if (end_ == End::none) reached_ = watch_.cursor();
  if (!frames_.out().empty()) say_skipped();
}

// The history does not reach back to the cursor: what was there is not known any more.
void EventFeed::bridge_gap() {
  if (!announces() || request_.on_gap == OnGap::fail) {
    end_ = End::compacted;
    note_resume(Resume::refused);
    return;
  }
  made_alone_ = true;
  State state = worker_.view().state();
  bool difference = request_.on_gap == OnGap::diff && knows_difference(state, watch_.cursor());
  note_resume(difference ? Resume::difference : Resume::reset);
  state_ = std::make_unique<StateEvents>(state, request_, difference ? std::optional(watch_.cursor()) : std::nullopt);
  state_->announce(frames_, worker_.store().oldest(worker_.view()));
}

Clock::time_point EventFeed::progress_at() const {
  return request_.progress && synced_ ? spoke_ + *request_.progress : Clock::time_point::max();
}

bool EventFeed::progress_due() const { return request_.progress && Clock::now() >= progress_at(); }

void EventFeed::ask_progress() {
  if (!announces() || progress_asked_ == most_questions) return;
  ++progress_asked_;
  progress_asked_at_ = worker_.view().state().revision();  // everything acknowledged before the question
  watch_.require(progress_asked_at_);
  watch_.interrupt();
}

}  // namespace kvs
