#include "kvs/bus/kafka_intake.hpp"

#include <algorithm>
#include <utility>

#include "kvs/little_endian.hpp"

namespace kvs {

namespace {

Revision place_of(const KafkaMessage& message) { return Revision{static_cast<std::uint64_t>(message.offset) + 1}; }

// A topic that is not safe may hold any number. To this latest one every time to live can be added, and the sum has a
// text, in which a year has four digits.
LogTime log_time(const KafkaMessage& message) {
  constexpr LogTime latest = std::chrono::sys_days{std::chrono::year{9989} / 1 / 1};
  return std::clamp(LogTime{std::chrono::milliseconds(message.timestamp)}, LogTime{}, latest);
}

// The checksum of a record that decode_record() has found to be one of ours was compared there.
std::uint32_t checksum_of_ours(const KafkaRecord& record) { return ByteReader(*record.kvs).get<std::uint32_t>(); }

KafkaIgnored::Reason reason_for(Admission admission) {
  if (admission == Admission::other_log) return KafkaIgnored::Reason::other_log;
  if (admission == Admission::not_in_order) return KafkaIgnored::Reason::repeated;
  return KafkaIgnored::Reason::fenced;
}

}  // namespace

KafkaIntake::KafkaIntake(KafkaIdentity ours, bool accept_foreign, std::size_t max_foreign_value_size)
    : ours_(std::move(ours)), accept_foreign_(accept_foreign), max_foreign_value_size_(max_foreign_value_size) {}

void KafkaIntake::resume(const BusStart& from) {
  log_id_ = from.log_id;
  time_ = from.time;
  if (!from.bookmark.empty()) {
    KafkaBookmark mark = KafkaBookmark::decode(from.bookmark, from.log_id);
    time_ = std::max(time_, mark.time);
    std::lock_guard lock(mutex_);  // clients may ask for the members already
    mark_ = std::move(mark);
  } else if (from.revision != no_revision) {
    throw BusBroken(
        "the data directory holds a history that is not this topic's: it was written with another --bus; start with an "
        "empty data directory, or bring the data over with kvs promote");
  }
}

void KafkaIntake::expect(LogId log_id) {
  log_id_ = log_id;
  mark_.next_offset = 0;
}

void KafkaIntake::take(const KafkaMessage& message, Batch& batch, std::vector<OwnRecord>& own) {
  time_ = std::max(time_, log_time(message));
  DecodedRecord decoded = decode_record(message.record, max_foreign_value_size_);
  bool ours = std::holds_alternative<StampedCommand>(decoded) || std::holds_alternative<OpenRecord>(decoded);
  if (auto* stamped = std::get_if<StampedCommand>(&decoded)) {
    take(std::move(*stamped), message, batch, own);
  } else if (auto* open = std::get_if<OpenRecord>(&decoded)) {
    take(*open, message, own);
  } else if (auto* foreign = std::get_if<ForeignCommand>(&decoded)) {
    if (accept_foreign_) {
      append(std::move(foreign->command), message, batch);
    } else {
      ignored_.note(KafkaIgnored::Reason::foreign, message.offset, "not written by kvs");
    }
  } else if (auto* malformed = std::get_if<MalformedRecord>(&decoded)) {
    ignored_.note(KafkaIgnored::Reason::malformed, message.offset, malformed->reason);
  } else {
    throw BusBroken(to_string(std::get<NewerFormat>(decoded), message.offset));
  }
  auto sum = ours ? checksum_of_ours(message.record) : checksum(message.record);
  mark_.last = {message.offset, message.timestamp, sum};
  mark_.next_offset = message.offset + 1;
  mark_.time = time_;
}

void KafkaIntake::take(StampedCommand&& stamped, const KafkaMessage& message, Batch& batch,
                       std::vector<OwnRecord>& own) {
  Command& command = stamped.command;
  const Stamp& stamp = stamped.stamp;
  {
    std::lock_guard lock(mutex_);
    Admission admission = mark_.fence.admit(stamp, place_of(message), time_);
    if (admission != Admission::counts) {
      ignored_.note(reason_for(admission), message.offset, to_string(admission));
      if (stamp.instance == ours_.instance) own.push_back({stamp.epoch, stamp.sequence, 0, 0, false});
      return;
    }
    if (command.kind == Command::Kind::digest) mark_.fence.note_snapshot(stamp.instance, command.claim.snapshot);
  }
  if (stamp.instance == ours_.instance) own.push_back({stamp.epoch, stamp.sequence, 0, batch.commands.size()});
  append(std::move(command), message, batch);
}

void KafkaIntake::take(const OpenRecord& open, const KafkaMessage& message, std::vector<OwnRecord>& own) {
  Revision place = place_of(message);
  bool our_name = open.instance == ours_.instance;
  bool ours = our_name && open.nonce == ours_.nonce;
  std::lock_guard lock(mutex_);
  // Both before anything is remembered of a record that is never to be applied.
  bool other_log = open.log_id && open.log_id != mark_.fence.log_id();
  if (our_name && !ours && opened_ && !other_log) {
    throw BusBroken(
        "another process has taken the instance name " + ours_.instance + " (its first record is at offset " +
        std::to_string(message.offset) +
        "): each instance needs a name of its own (--instance); if that process was started by mistake, end "
        "it and start this one again");
  }
  if (log_id_ && !mark_.fence.log_id() && !open.log_id && LogId{open.nonce} != log_id_) {
    throw BusBroken(
        "the topic holds another log than the data directory; point kvs to the topic this instance belongs to, or give "
        "it an empty data directory");
  }
  Opening opening = mark_.fence.open(open, place, time_);
  if (opening != Opening::counts) {
    bool other = opening == Opening::other_log;
    ignored_.note(other ? KafkaIgnored::Reason::other_log : KafkaIgnored::Reason::repeated, message.offset,
                  to_string(opening));
    return;
  }
  if (!ours) return;
  opened_ = true;
  own.push_back({place, 0, open.attempt, 0});
}

void KafkaIntake::append(Command&& command, const KafkaMessage& message, Batch& batch) {
  batch.commands.push_back({place_of(message), time_, std::move(command), {}, true});
}

void KafkaIntake::skip_to(std::int64_t offset) { mark_.next_offset = std::max(mark_.next_offset, offset); }

void KafkaIntake::compare(const KafkaMessage& message) const {
  LastRecord found{message.offset, message.timestamp, checksum(message.record)};
  if (found == mark_.last) return;
  throw BusBroken(
      "the record at offset " + std::to_string(mark_.last->offset) +
      " of the topic is not the one this instance has applied: the topic was deleted and made anew, or lost records "
      "that were acknowledged; find out which, and give this instance an empty data directory if the topic is right");
}

std::vector<BusMember> KafkaIntake::members() const {
  std::lock_guard lock(mutex_);
  return mark_.fence.members();
}

}  // namespace kvs
