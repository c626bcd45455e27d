// Reads that wait until the state their thread shows is new enough.
#pragma once
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include "kvs/bus/bus.hpp"
#include "kvs/store/settler.hpp"

namespace kvs {

class View;

struct ByRevision;
struct InLine;
using ByRevisionHook = boost::intrusive::set_base_hook<boost::intrusive::tag<ByRevision>,
                                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
using InLineHook = boost::intrusive::list_base_hook<boost::intrusive::tag<InLine>,
                                                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// Whoever waits, on its view's thread. Told once, unless it leaves or is destroyed first; it may wait again then.
class StateWaiter : public ByRevisionHook, public InLineHook {
 public:
  virtual ~StateWaiter() = default;
  // `accepted`: the view's state() is new enough from now on; else why it can't be waited for.
  virtual void told(PublishResult how) = 0;
  void leave() {
    ByRevisionHook::unlink();
    InLineHook::unlink();
  }

 private:
  friend class StateWaits;
  Revision revision_ = no_revision;  // what it waits for, while it does
};

// All of one thread. A barrier is a command of its own in the order: once it has come by, everything is applied here
// that was acknowledged anywhere before it was sent. At most one is on its way; whoever comes meanwhile shares the
// next.
class StateWaits final : Settler {
 public:
  explicit StateWaits(View& view) : view_(view) {}

  // Told when reached() is called with this revision or a later one.
  void until(Revision revision, StateWaiter& waiter);
  // Told when a barrier has come by that is sent now or later. If not `accepted`: never told.
  PublishResult until_barrier(StateWaiter& waiter);

  void reached(Revision revision);
  // Nothing comes any more: all are told `away`.
  void drain();

 private:
  using Line = boost::intrusive::list<StateWaiter, boost::intrusive::base_hook<InLineHook>,
                                      boost::intrusive::constant_time_size<false>>;
  struct Earlier {
    bool operator()(const StateWaiter& a, const StateWaiter& b) const { return a.revision_ < b.revision_; }
  };

  void settle(std::uint32_t index, Verdict&& verdict) override;
  PublishResult send_barrier();
  static void tell(Line& line, PublishResult how);

  View& view_;
  boost::intrusive::multiset<StateWaiter, boost::intrusive::base_hook<ByRevisionHook>,
                             boost::intrusive::compare<Earlier>, boost::intrusive::constant_time_size<false>>
      by_revision_;
  bool barrier_under_way_ = false;
  Line for_this_;  // who waits for the barrier that is on its way
  Line for_next_;
};

}  // namespace kvs
