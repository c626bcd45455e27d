// The records of the topic, one after the other, as commands of the order: says which count, at which place and time,
// and which of them are ours.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kvs/bus/bus.hpp"
#include "kvs/bus/kafka_bookmark.hpp"
#include "kvs/bus/kafka_consumer.hpp"
#include "kvs/bus/kafka_ignored.hpp"

namespace kvs {

// A record of ours among those of a batch.
struct OwnRecord {
  Revision epoch = no_revision;
  std::uint64_t sequence = 0;  // 0: the open record of the epoch
  std::uint32_t attempt = 0;   // of the open record, which was written by this process
  std::size_t index = 0;       // in Batch::commands; not of an open record
  bool counts = true;          // false: everybody ignores it, and it is in no batch
};

struct KafkaIdentity {
  std::string instance;
  std::uint64_t nonce = 0;  // of this process
};

// Depends on nothing but what it was shown, so that all instances see one order. The reader's thread, but members().
class KafkaIntake {
 public:
  KafkaIntake(KafkaIdentity ours, bool accept_foreign, std::size_t max_foreign_value_size);

  // Once. Throws BusBroken.
  void resume(const BusStart& from);
  // The log id that a first start has found, wherever it had to look for it: it begins at the beginning.
  void expect(LogId log_id);

  // The next record; appends to `batch` and to `own`. Throws BusBroken.
  void take(const KafkaMessage& message, Batch& batch, std::vector<OwnRecord>& own);
  // The position is beyond what is no record.
  void skip_to(std::int64_t offset);
  // Whether the record read last is this one. Throws BusBroken if not.
  void compare(const KafkaMessage& message) const;

  const KafkaIdentity& ours() const { return ours_; }
  std::int64_t next_offset() const { return mark_.next_offset; }
  const std::optional<LastRecord>& last() const { return mark_.last; }
  const std::string& cluster_id() const { return mark_.cluster_id; }
  void set_cluster_id(std::string id) { mark_.cluster_id = std::move(id); }
  std::optional<LogId> log_id() const { return log_id_; }
  std::string bookmark() const { return mark_.encode(); }

  std::vector<BusMember> members() const;  // any thread
  const KafkaIgnored& ignored() const { return ignored_; }

 private:
  void take(StampedCommand&& stamped, const KafkaMessage& message, Batch& batch, std::vector<OwnRecord>& own);
  void take(const OpenRecord& open, const KafkaMessage& message, std::vector<OwnRecord>& own);
  void append(Command&& command, const KafkaMessage& message, Batch& batch);

  const KafkaIdentity ours_;
  const bool accept_foreign_;
  const std::size_t max_foreign_value_size_;
  std::optional<LogId> log_id_;
  LogTime time_{};
  bool opened_ = false;       // an open record of this process has come by
  mutable std::mutex mutex_;  // guards the fence against members()
  KafkaBookmark mark_;
  KafkaIgnored ignored_;
};

}  // namespace kvs
