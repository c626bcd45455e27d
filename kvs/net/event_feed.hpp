// What a watch sends, in which order: changes, states, control events; whatever it is sent over.
#pragma once
#include <boost/asio/buffer.hpp>
#include <memory>
#include <vector>

#include "kvs/net/event_frames.hpp"
#include "kvs/net/state_events.hpp"
#include "kvs/net/watch_events.hpp"
#include "kvs/net/watch_request.hpp"
#include "kvs/net/worker.hpp"
#include "kvs/store/watch.hpp"

namespace kvs {

// Pulled by its connection: next(), send buffers(), next()… until ended(). One thread. The worker must outlive it.
class EventFeed {
 public:
  enum class End : std::uint8_t { none, count, draining, compacted, unreadable };

  EventFeed(Worker& worker, WatchRequest request);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // Waits for what is to be sent next, at most until `deadline` or interrupt(). There may be nothing. What was found
  // before counts as sent.
  awaitable<void> next(Clock::time_point deadline);
  // Instead of what next() waits for: the commit, found with everything up to `after` sent. False: this feed has more
  // to say than the commit, so next() has to.
  bool take(Revision after, const CommitRef& commit);
  // All of buffers() was sent. After a take() of which something is left: interrupt(), and next() comes back with that.
  void sent();
  void offer_to(Taker& taker) { watch_.offer_to(taker); }

  // Valid until the next next().
  std::vector<asio::const_buffer>& buffers() { return buffers_; }
  // Others should have a turn before the next: it was made for this watch alone, or there is more at once.
  bool others_first() const { return made_alone_ || watch_.cursor() < worker_.view().history().newest(); }
  // Bytes that only the buffers of slow watches hold, for the history has let them go; this watch's part of them.
  std::size_t held();
  // The state that is being told; null: none is.
  const State* state() const { return state_ ? &state_->state() : nullptr; }

  // Not none: buffers() has the last of it. An array ends before the state that would bridge a gap.
  End end() const { return end_; }
  // Everything wanted up to here was handed out (once a state under way is complete).
  Revision reached() const { return reached_; }

  // For the last words, when nothing comes any more.
  EventFrames& frames() { return frames_; }

  const WatchRequest& request() const { return request_; }
  // Answered by a progress event when everything acknowledged by now is sent. Ignored if too many are open.
  void ask_progress();
  void interrupt() { watch_.interrupt(); }

 private:
  void note_resume(Resume resume);
  void note_changes(const Step& step, std::uint64_t sent);
  bool announces() const { return request_.form != WatchForm::legacy && request_.form != WatchForm::array; }
  bool more_of_the_state();
  void say_what_is_due();
  void say_synced();
  void say_progress();
  void say_staleness();
  void say_skipped();
  void end_control(bool resumable);
  bool progress_due() const;
  Clock::time_point progress_at() const;
  void take(Step& step);
  bool sendable_as_is(const Step& step) const;
  bool is_behind(const Step& step) const;
  void take_as_is(Step& step);
  void take_chosen(Step& step);
  void bridge_gap();
  void hand_out();

  Worker& worker_;
  WatchRequest request_;
  Watch watch_;
  EventFrames frames_;  // made for this watch alone
  std::unique_ptr<StateEvents> state_;
  std::vector<asio::const_buffer> buffers_;
  std::vector<CommitRef> commits_;  // whose renderings are among the buffers
  Revision reached_;
  Revision synced_at_;                        // catching up ends here
  Revision progress_asked_at_ = no_revision;  // the questions are answered when this is sent
  std::uint64_t left_;                        // changes until `count` is reached
  std::uint64_t skipped_ = 0;                 // not told yet
  Clock::time_point spoke_;                   // last event; kept only for a watch with progress
  std::uint8_t progress_asked_ = 0;
  bool synced_ = false;
  bool stale_said_ = false;  // the last that was said of the bus: it is away
  bool made_alone_ = false;
  bool resumes_ = false;  // it named a place to go on from, and it was not counted yet how it went on
  const Transport transport_;
  End end_ = End::none;
};

}  // namespace kvs
