#include "kvs/bus/kafka_ignored.hpp"

#include "kvs/log.hpp"

namespace kvs {

namespace {

constexpr std::chrono::minutes quiet{1};
constexpr std::string_view names[] = {"malformed", "foreign", "other_log", "fenced", "repeated"};
static_assert(std::size(names) == KafkaIgnored::reasons);

}  // namespace

std::string_view KafkaIgnored::name(Reason reason) { return names[static_cast<std::size_t>(reason)]; }

void KafkaIgnored::note(Reason reason, std::int64_t offset, std::string_view why) {
  Entry& entry = entries_[static_cast<std::size_t>(reason)];
  std::uint64_t count = entry.count.fetch_add(1, std::memory_order_relaxed) + 1;
  auto now = Clock::now();
  if (now < entry.next_log) return;
  entry.next_log = now + quiet;
  log::warn("ignored a record of the topic", {{"reason", name(reason)},
                                              {"why", why},
                                              {"offset", static_cast<std::uint64_t>(offset)},
                                              {"since_last", count - entry.logged}});
  entry.logged = count;
}

std::vector<BusIgnored> KafkaIgnored::counts() const {
  std::vector<BusIgnored> all;
  for (std::size_t i = 0; i < reasons; ++i) all.push_back({names[i], count(static_cast<Reason>(i))});
  return all;
}

std::uint64_t KafkaIgnored::count(Reason reason) const {
  return entries_[static_cast<std::size_t>(reason)].count.load(std::memory_order_relaxed);
}

}  // namespace kvs
