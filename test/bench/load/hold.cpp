#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "test/bench/load/modes.hpp"
#include "test/bench/load/report.hpp"
#include "test/bench/load/watcher.hpp"

namespace kvs::load {
namespace {

// True once standard input has ended.
class Input : public Pollable {
 public:
  explicit Input(Poller& poller) {
    ::fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    poller.add(STDIN_FILENO, *this);
  }
  void ready() override {
    char ignored[64];
    ended_ = ::read(STDIN_FILENO, ignored, sizeof ignored) == 0;
  }
  bool ended() const { return ended_; }

 private:
  bool ended_ = false;
};

}  // namespace

void run_hold(const Options& options) {
  Poller poller(false);  // asleep while others measure
  WatchTally tally;
  const auto watchers = subscribe_all(options, poller, tally);
  Report().add("subscribed", tally.subscribed).print();
  Input input(poller);
  while (!input.ended()) poller.poll();
}

}  // namespace kvs::load
