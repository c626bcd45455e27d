#include "kvs/bus/kafka_pending.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace kvs {

bool KafkaPending::full(std::size_t bytes) const {
  if (commands() == 0) return false;
  return commands() >= limits_.commands || bytes_ + bytes > limits_.bytes;
}

void KafkaPending::add(Revision epoch, std::uint64_t sequence, Ticket ticket, std::string request_id,
                       std::size_t bytes) {
  Name name{epoch, sequence};
  assert(waiting_.empty() || waiting_.back().name < name);
  waiting_.push_back({name, ticket, std::move(request_id), bytes});
  bytes_ += bytes;
}

void KafkaPending::reported(Revision epoch, std::uint64_t sequence, bool ok, std::vector<Ending>& endings) {
  Name name{epoch, sequence};
  if (auto came = unconfirmed_.find(name); came != unconfirmed_.end()) {
    end(std::move(came->second), ok ? Ending::How::confirmed : Ending::How::unknown, endings);
    unconfirmed_.erase(came);
    return;
  }
  auto found = std::ranges::lower_bound(waiting_, name, {}, &Outstanding::name);
  if (found != waiting_.end() && found->name == name) found->report = ok ? Report::ok : Report::failed;
}

void KafkaPending::producer_gone(std::vector<Ending>& endings) {
  for (auto& [name, one] : std::exchange(unconfirmed_, {})) end(std::move(one), Ending::How::unknown, endings);
  for (Outstanding& one : waiting_) {
    if (one.report == Report::none) one.report = Report::failed;
  }
}

KafkaPending::CameBy KafkaPending::came_by(Revision epoch, std::uint64_t sequence, std::vector<Ending>& endings) {
  Name name{epoch, sequence};
  fail_before(name, endings);
  if (waiting_.empty() || waiting_.front().name != name) return {};
  Outstanding one = std::move(waiting_.front());
  waiting_.pop_front();
  CameBy came{one.ticket, one.report == Report::ok};
  switch (one.report) {
    case Report::ok:
      bytes_ -= one.bytes;
      break;
    case Report::failed:
      end(std::move(one), Ending::How::unknown, endings);
      break;
    case Report::none:
      unconfirmed_.emplace_hint(unconfirmed_.end(), name, std::move(one));
      break;
  }
  return came;
}

bool KafkaPending::waits_for(Revision epoch, std::uint64_t sequence) const {
  Name name{epoch, sequence};
  auto found = std::ranges::lower_bound(waiting_, name, {}, &Outstanding::name);
  return found != waiting_.end() && found->name == name;
}

void KafkaPending::opened(Revision epoch, std::vector<Ending>& endings) { fail_before({epoch, 0}, endings); }

void KafkaPending::stop(std::vector<Ending>& endings) {
  for (auto& [name, one] : std::exchange(unconfirmed_, {})) end(std::move(one), Ending::How::unknown, endings);
  for (Outstanding& one : std::exchange(waiting_, {})) end(std::move(one), Ending::How::unknown, endings);
}

void KafkaPending::end(Outstanding&& one, Ending::How how, std::vector<Ending>& endings) {
  bytes_ -= one.bytes;
  if (one.ticket.thread != Ticket::nobody) endings.push_back({one.ticket, how, std::move(one.request_id)});
}

void KafkaPending::fail_before(const Name& name, std::vector<Ending>& endings) {
  while (!waiting_.empty() && waiting_.front().name < name) {
    end(std::move(waiting_.front()), Ending::How::failed, endings);
    waiting_.pop_front();
  }
}

}  // namespace kvs
