#include "test/bench/load/watcher.hpp"

#include <array>
#include <stdexcept>

#include "test/bench/load/clock.hpp"

namespace kvs::load {

Watcher::Watcher(std::uint16_t port, Poller& poller, Subscription subscription, WatchTally& tally)
    : socket_(port), tally_(tally), counter_(std::move(subscription.counter)) {
  poller.add(socket_.fd(), *this);
  if (socket_.write(subscription.request) != subscription.request.size()) throw std::runtime_error("cannot subscribe");
}

void Watcher::ready() {
  static std::array<char, 256 * 1024> buffer;
  for (std::size_t got = buffer.size(); got == buffer.size();) {  // a short read took all there was
    got = socket_.read(buffer.data(), buffer.size());
    if (got != 0) take({buffer.data(), got});
  }
}

void Watcher::take(std::string_view text) {
  if (!subscribed_) {
    greeting_ += text;
    const auto used = counter_->greeting(greeting_);
    if (used == 0) return;
    subscribed_ = true;
    ++tally_.subscribed;
    const std::string rest = std::exchange(greeting_, {}).substr(used);
    if (!rest.empty()) take(rest);
    return;
  }
  std::string reply;
  const auto events = counter_->count(text, reply);
  const auto now = tally_.sent_at.empty() ? 0 : now_ns();
  for (auto change = events_; change < events_ + events && change < tally_.sent_at.size(); ++change)
    tally_.latency.add(now - tally_.sent_at[change]);
  events_ += events;
  tally_.events += events;
  if (!reply.empty() && socket_.write(reply) != reply.size()) throw std::runtime_error("cannot answer a ping");
}

std::vector<std::unique_ptr<Watcher>> subscribe_all(const Options& options, Poller& poller, WatchTally& tally) {
  constexpr unsigned kAtOnce = 128;  // below every server's listening backlog
  std::vector<std::unique_ptr<Watcher>> watchers;
  const auto deadline = now_ns() + to_ns(30);
  while (watchers.size() < options.watchers) {
    const auto number = static_cast<unsigned>(watchers.size());
    watchers.push_back(std::make_unique<Watcher>(options.port, poller, make_subscription(options, number), tally));
    const bool pause = watchers.size() % kAtOnce == 0 || watchers.size() == options.watchers;
    while (pause && tally.subscribed < watchers.size()) {
      if (poller.poll() > deadline) throw std::runtime_error("the watchers could not all subscribe within 30 s");
    }
  }
  return watchers;
}

}  // namespace kvs::load
