// A watch: a place in the history of changes, from which its holder reads on.
#pragma once
#include <algorithm>
#include <vector>

#include "kvs/store/filter.hpp"
#include "kvs/store/history.hpp"
#include "kvs/store/view.hpp"
#include "kvs/wakeup.hpp"

namespace kvs {

// What next() came back with.
struct Step {
  enum class Kind {
    changes,      // commits with something after `after`
    timeout,      // the deadline came first; everything wanted up to cursor() was handed out
    interrupted,  // interrupt() was called
    compacted,    // the history no longer reaches back to the cursor
    unreadable,   // the older history could not be read (the log says why)
    draining,     // the store stops; everything up to cursor() was handed out
  };
  Kind kind;
  // Changes: of these commits, those with a revision above `after` that the filter matches (there may be none) are the
  // next ones of this watch, in order, and nothing is missing between them.
  Revision after = no_revision;
  std::vector<CommitRef> commits;
};

// Takes what a waiting watch is to be told at once, without the coroutine that waits in next().
class Taker {
 public:
  // `commit`: all that has come after the watch's cursor, which is behind it by now; what it has at or before `after`
  // is not wanted. False: next() comes back with it instead. Called by the view, which is going through its watches:
  // may interrupt() them, but must not begin, end or resume any.
  virtual bool take(Revision after, const CommitRef& commit) noexcept = 0;

 protected:
  ~Taker() = default;
};

// A cursor, not a queue: being slow costs no memory. Recent history comes from memory, older history from the journal's
// segments, by the same call, so there is no hand-over that could lose or double anything.
// One thread, that of its view, which must outlive it.
class Watch : public WaitingWatch {
 public:
  Watch(View& view, Filter filter, Revision after);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // The next commits after the cursor (about `max_bytes` of them), which moves behind them. One caller at a time.
  awaitable<Step> next(Clock::time_point deadline, std::size_t max_bytes);

  // Everything wanted up to here was handed out by next(), or taken.
  Revision cursor() const { return cursor_; }
  // Goes on from somewhere else: after a reset, from the revision of the state that was sent.
  void move(Revision after) { cursor_ = after; }
  // next() also comes back (with nothing wanted, if need be) once the cursor has reached `revision`, which may still be
  // on its way to this thread.
  void require(Revision revision) { required_ = std::max(required_, revision); }

  // From now on `taker`, which must outlive the watch's last wait, is asked first while next() waits, unless it is to
  // come back for a reason of its own.
  void offer_to(Taker& taker) { taker_ = &taker; }

  // Makes next() return, now or the next time it is called.
  void interrupt();

 private:
  friend class View;
  class Alarm final : public Timeout {
   public:
    Alarm(Watch& watch) : Timeout(watch.view_.timeouts()), watch_(watch) {}

   private:
    void expired() override { watch_.wakeup_.notify(); }
    Watch& watch_;
  };

  // Tells a watch that has everything before the commit. `at_once`: none is known to follow it.
  void tell(const CommitRef& commit, bool at_once);
  // Ends the wait of a watch that has everything up to `newest`.
  void wake(Revision newest);
  void wait_in_line();
  awaitable<Step> read_older(std::size_t max_bytes);

  View& view_;
  const Filter filter_;
  Revision cursor_;
  Revision required_ = no_revision;
  bool interrupted_ = false;
  Taker* taker_ = nullptr;
  const void* frame_ = nullptr;  // where next() waits, about
  Wakeup wakeup_;
  Alarm alarm_;
};

}  // namespace kvs
