// All numbers little-endian.
//
// fence    := log_id:u64 (0 = none yet) count:u16 instance*
// instance := name:text epoch:u64 nonce:u64 attempt:u32 sequence:u64 snapshot:u64 heard_at:u64 heard:i64 (ms since
// 1970) text     := size:u8 byte*                                               names rise
#include "kvs/bus/fence.hpp"

#include <algorithm>

namespace kvs {

static_assert(Fence::max_encoded_size >= 8 + 2 + Fence::max_instances * (1 + max_instance_name_size + 52));

const char* to_string(Opening opening) {
  switch (opening) {
    case Opening::counts:
      return "counts";
    case Opening::repeated:
      return "an open record this process has written before, doubled or late";
    case Opening::other_log:
      return "written for another log";
  }
  return "";
}

const char* to_string(Admission admission) {
  switch (admission) {
    case Admission::counts:
      return "counts";
    case Admission::other_log:
      return "written for another log";
    case Admission::not_opened:
      return "of an instance that has not opened, or was forgotten since";
    case Admission::other_epoch:
      return "of an epoch that a newer open record of its instance has closed";
    case Admission::not_in_order:
      return "doubled, or late: its sequence number or a later one was here before";
  }
  return "";
}

Opening Fence::open(const OpenRecord& open, Revision place, LogTime time) {
  // Only who has seen no log may name one: a record that comes from another log does not name this one.
  if (open.log_id && open.log_id != log_id_) return Opening::other_log;
  if (!log_id_) log_id_ = LogId{open.nonce};

  auto found = instances_.find(open.instance);
  if (found == instances_.end()) {
    if (instances_.size() >= max_instances) forget_one();
    found = instances_.emplace(open.instance, Instance{}).first;
  }
  Instance& instance = found->second;
  bool same_process = instance.nonce == open.nonce;
  if (same_process && open.attempt <= instance.attempt) return Opening::repeated;
  if (!same_process) instance.snapshot = no_revision;  // perhaps another machine, with an empty disk
  instance.epoch = place;
  instance.nonce = open.nonce;
  instance.attempt = open.attempt;
  instance.sequence = 0;
  instance.heard_at = place;
  instance.heard = time;
  return Opening::counts;
}

Admission Fence::admit(const Stamp& stamp, Revision place, LogTime time) {
  if (stamp.log_id != log_id_) return Admission::other_log;
  auto found = instances_.find(stamp.instance);
  if (found == instances_.end()) return Admission::not_opened;
  Instance& instance = found->second;
  if (stamp.epoch != instance.epoch) return Admission::other_epoch;
  if (stamp.sequence <= instance.sequence) return Admission::not_in_order;
  instance.sequence = stamp.sequence;
  instance.heard_at = place;
  instance.heard = time;
  return Admission::counts;
}

void Fence::note_snapshot(std::string_view instance, Revision snapshot) {
  auto found = instances_.find(instance);
  // Nobody has a snapshot of what comes after its own words.
  if (found != instances_.end() && snapshot < found->second.heard_at) found->second.snapshot = snapshot;
}

std::optional<Revision> Fence::epoch(std::string_view instance) const {
  auto found = instances_.find(instance);
  if (found == instances_.end()) return {};
  return found->second.epoch;
}

std::vector<BusMember> Fence::members() const {
  std::vector<BusMember> members;
  members.reserve(instances_.size());
  for (const auto& [name, one] : instances_) members.push_back({name, one.epoch, one.snapshot, one.heard});
  return members;
}

void Fence::forget_one() {
  auto heard_at = [](const auto& entry) { return entry.second.heard_at; };
  instances_.erase(std::ranges::min_element(instances_, {}, heard_at));
}

void Fence::encode(std::string& out) const {
  ByteAppender bytes(out);
  bytes.put(number(log_id_.value_or(LogId{})));
  bytes.put(static_cast<std::uint16_t>(instances_.size()));
  for (const auto& [name, one] : instances_) {
    bytes.put_text(name);
    bytes.put(number(one.epoch));
    bytes.put(one.nonce);
    bytes.put(one.attempt);
    bytes.put(one.sequence);
    bytes.put(number(one.snapshot));
    bytes.put(number(one.heard_at));
    bytes.put(std::int64_t{one.heard.time_since_epoch().count()});
  }
}

std::optional<Fence> Fence::decode(CheckedReader& in) {
  Fence fence;
  if (auto log_id = in.get<std::uint64_t>(); log_id != 0) fence.log_id_ = LogId{log_id};
  std::size_t count = in.get<std::uint16_t>();
  if (count > max_instances || (count > 0 && !fence.log_id_)) return {};
  while (count-- > 0 && in.ok()) {
    auto name = in.get_text();
    Instance one;
    one.epoch = Revision{in.get<std::uint64_t>()};
    one.nonce = in.get<std::uint64_t>();
    one.attempt = in.get<std::uint32_t>();
    one.sequence = in.get<std::uint64_t>();
    one.snapshot = Revision{in.get<std::uint64_t>()};
    one.heard_at = Revision{in.get<std::uint64_t>()};
    one.heard = LogTime{std::chrono::milliseconds(in.get<std::int64_t>())};
    bool rises = fence.instances_.empty() || fence.instances_.rbegin()->first < name;
    if (!rises || !is_instance_name(name)) return {};
    fence.instances_.emplace_hint(fence.instances_.end(), name, one);
  }
  if (!in.ok()) return {};
  return fence;
}

}  // namespace kvs
