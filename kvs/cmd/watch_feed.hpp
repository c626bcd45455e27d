// The feed of `kvs watch`: what is asked for, what is printed or given to a program, and where to go on from.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/cmd/event_runner.hpp"
#include "kvs/cmd/follow.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/resume_file.hpp"

namespace kvs {

class WatchFeed : public Feed {
 public:
  // Throws UsageError.
  WatchFeed(const Settings& settings, Output& output);

  std::string target() const override;
  std::string protocol() const override { return "kvs.v1"; }
  std::string place() const override { return position_.empty() ? "" : "from revision " + position_; }
  std::string awaited() const override { return initial_ || position_.empty() ? "" : "revision " + position_; }
  // "--since 42 goes on from here"; empty if nothing was seen.
  std::string how_to_go_on() const;
  void opened(const ClientAnswer& answer) override;
  // Another history: nothing of the old one holds, which is what `reset` says.
  bool refused(const ClientAnswer& answer) override;
  bool take(std::string_view message) override;
  void ended(std::string_view word) override;
  // A state or a difference is taken whole, whatever memory it needs: half of it is no place to go on from.
  bool full() const override { return runner_ && !initial_ && !bridging_ && runner_->full(); }
  awaitable<void> work(Executor executor) override;
  void stop(int code) override;

 private:
  void hand_over(const Item& event);
  void print(const Item& event);
  void print_line(const Item& event);
  void say(const std::string& line) const;
  void move_to(std::uint64_t revision);

  Output& output_;
  ResumeFile resume_;
  std::optional<EventRunner> runner_;
  std::string on_gap_;  // empty: as the server does by itself
  std::vector<std::string> keys_, prefixes_;
  std::string choice_;     // of what each change is told, and which: parameters of the target
  bool initial_;           // the initial state is still to come, or not complete
  bool bridging_ = false;  // a difference is not complete
  std::string position_;   // REVISION or REVISION@LOGID to go on after; empty: from now on
  std::string log_id_;
  std::uint64_t left_;  // changes still wanted
  bool between_revisions_ = true;
};

}  // namespace kvs
