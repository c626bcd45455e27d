// What one I/O thread holds of the store: the newest state, the recent history, its watches, and the writes it waits
// for.
#pragma once
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/bus/bus.hpp"
#include "kvs/store/history.hpp"
#include "kvs/store/interest.hpp"
#include "kvs/store/settler.hpp"
#include "kvs/store/state.hpp"
#include "kvs/store/state_wait.hpp"
#include "kvs/timeouts.hpp"
#include "kvs/turn.hpp"

namespace kvs {

class Store;

using WaitingHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
// The part of a Watch that the view's list of waiting watches sees.
class WaitingWatch : public WaitingHook {};

// Used on its own thread only, but for the constructor. The store posts to it, once per commit.
class View {
 public:
  View(Store& store, Executor executor, std::uint32_t thread, std::size_t history_bytes);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  Store& store() { return store_; }
  Executor executor() const { return executor_; }
  Timeouts& timeouts() { return timeouts_; }

  // The newest state anybody was shown, on any thread; never goes back. The reference holds until the next call.
  const State& state();
  // The one state() gave last: for all that belongs to one request.
  const State& held() const { return state_; }
  bool ready() const { return ready_; }  // the state is loaded and this thread knows it
  bool draining() const { return draining_; }
  // Since when the bus is away; nothing while it is up.
  std::optional<Clock::time_point> away_since() const { return away_since_; }

  // Sends a command into the order. If `accepted`, `settler.settle(index, verdict)` follows unless the write is
  // abandoned first; the settler must live until then.
  PublishResult submit(Command&& command, Settler& settler, std::uint32_t index, Ticket& ticket);
  void abandon(const Ticket& ticket);

  // Tells the waiter with the next commit after which state() has come to `revision`.
  void await(Revision revision, StateWaiter& waiter) { waits_.until(revision, waiter); }
  // Tells the waiter when state() has everything that was acknowledged anywhere before this call; never unless
  // `accepted`.
  PublishResult await_barrier(StateWaiter& waiter) { return waits_.until_barrier(waiter); }

  const History& history() const { return history_; }
  // Returns when the history here has come to `revision`, which was shown already: its commit is on its way.
  awaitable<void> history_reaches(Revision revision);
  std::size_t watches() const { return watches_; }

  // From the store, by post.
  void begin(Revision revision);  // the state was loaded; the history starts here
  void receive(const CommitRef& commit, std::vector<Settled>&& settled);  // commit may be null
  void forget(Revision until);                                            // the history begins after it at the earliest
  void bus_changed(bool up, Clock::time_point since);
  void drain();  // nothing comes any more: watches end when they have sent what there is

 private:
  friend class Watch;
  struct Slot {
    std::uint64_t serial = 0;
    Settler* settler = nullptr;
    std::uint32_t index = 0;
  };
  using Waiting = boost::intrusive::list<WaitingWatch, boost::intrusive::constant_time_size<false>>;
  void flush_soon();
  void settle(Settled&& settled);
  void fetch_settler(std::span<const Settled> next) const;
  void tell_watches(const CommitRef& commit);

  Store& store_;
  const Executor executor_;
  const std::uint32_t thread_;
  Timeouts timeouts_;
  State state_;
  std::uint64_t state_version_ = 0;
  bool ready_ = false;
  bool draining_ = false;
  std::optional<Clock::time_point> away_since_;
  History history_;

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_serial_ = 1;
  bool flushing_ = false;  // a flush of the bus is posted
  StateWaits waits_{*this};

  Interest interest_;
  // Watches that have all there is and are to be told of every commit: those of everything, and those that require a
  // revision which has not come yet.
  Waiting waiting_;
  Waiting waiting_filtered_;
  std::size_t watches_ = 0;
  // Watches that a commit has woken go on together. Nobody is in it any more when the view goes, as in Worker::turn().
  Turn woken_{executor_};
};

}  // namespace kvs
