// Records of the Kafka topic for tests: commands to write, and records that own their bytes, to be bent and sealed
// again.
#pragma once
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kvs/bus/kafka_record.hpp"
#include "kvs/limits.hpp"
#include "kvs/little_endian.hpp"

namespace kvs::test {

inline constexpr LogId log_a{0xA0A0A0A0A0A0A0A0};

// A record with bytes of its own.
struct OwnRecord {
  std::optional<std::string> key, value, kvs;
  std::string content_type;

  OwnRecord() = default;
  explicit OwnRecord(const KafkaRecord& record)
      : key(record.key), value(record.value), kvs(record.kvs), content_type(record.content_type) {}

  KafkaRecord view() const { return {key, value, kvs, content_type}; }
  // The checksum is right again, whatever the record says.
  OwnRecord& seal() {
    if (kvs->size() >= 4) ByteWriter(kvs->data()).put(checksum(view()));
    return *this;
  }
  DecodedRecord decode(std::size_t max_foreign_value_size = default_max_value_size) const {
    return decode_record(view(), max_foreign_value_size);
  }
};

inline Command a_set(std::string_view key, std::string_view value, std::string_view content_type = {}) {
  Command command;
  command.record = Record::make(key, value, content_type);
  return command;
}

inline Command a_delete(std::string_view key) {
  Command command;
  command.kind = Command::Kind::remove;
  command.record = Record::make(key, std::string_view());
  return command;
}

inline Command a_barrier() {
  Command command;
  command.kind = Command::Kind::barrier;
  return command;
}

inline Command a_digest(DigestClaim claim) {
  Command command;
  command.kind = Command::Kind::digest;
  command.claim = claim;
  return command;
}

inline Command a_touch(std::string_view key, std::chrono::milliseconds ttl = {}) {
  Command command;
  command.kind = Command::Kind::touch;
  command.record = Record::make(key, std::string_view());
  command.ttl = ttl;
  return command;
}

inline Command a_range_delete(std::string_view prefix) {
  Command command;
  command.kind = Command::Kind::remove_range;
  command.record = Record::make(prefix, std::string_view());
  return command;
}

inline Command an_expire(std::string_view key, Revision of) {
  Command command;
  command.kind = Command::Kind::expire;
  command.record = Record::make(key, std::string_view());
  command.conditions.push_back({Condition::Kind::revision_in, {of}, {}});
  return command;
}

inline Transaction::Step a_step(Transaction::Step::Kind kind, std::string_view key, std::string_view value = {},
                                std::string_view content_type = {}, std::chrono::milliseconds ttl = {}) {
  return {kind, Record::make(key, value, content_type), ttl};
}

inline Command a_transaction(Transaction transaction = {}) {
  Command command;
  command.kind = Command::Kind::transaction;
  command.transaction = std::make_unique<Transaction>(std::move(transaction));
  return command;
}

// A check of every kind and a step of every kind.
inline Command full_transaction() {
  using Kind = Transaction::Step::Kind;
  Transaction transaction;
  transaction.checks = {{"a", {Condition::Kind::exists, {}, {}}},
                        {"b", {Condition::Kind::absent, {}, {}}},
                        {"c", {Condition::Kind::revision_in, {Revision{7}}, {}}},
                        {"d", {Condition::Kind::revision_not_in, {}, {}}},
                        {"e", {Condition::Kind::value_is, {}, "old"}}};
  transaction.then = {a_step(Kind::set, "k", "v", "a/b", std::chrono::milliseconds(9)), a_step(Kind::get, "k"),
                      a_step(Kind::remove, "r")};
  transaction.otherwise = {a_step(Kind::set, "k", "")};
  return a_transaction(std::move(transaction));
}

// Everything a command can carry.
inline Command full_command() {
  Command command = a_set("key", "value", "text/plain");
  command.request_id = "req-1";
  command.origin = parse_origin("[2001:db8::1]:51234");
  command.conditions = {{Condition::Kind::exists, {}, {}},
                        {Condition::Kind::absent, {}, {}},
                        {Condition::Kind::revision_in, {Revision{7}, Revision{1ULL << 40}}, {}},
                        {Condition::Kind::revision_not_in, {}, {}},
                        {Condition::Kind::value_is, {}, "old"}};
  command.ttl = std::chrono::milliseconds(30'000);
  command.request_key = "retry-1";
  command.payload = 0x1122334455667788;
  return command;
}

inline Stamp stamp(std::string_view instance = "one", std::uint64_t epoch = 5, std::uint64_t sequence = 9) {
  return {log_a, instance, Revision{epoch}, sequence};
}

inline OwnRecord encoded(const Command& command, const Stamp& stamp = kvs::test::stamp()) {
  std::string header;
  return OwnRecord(encode_command(command, stamp, header).value());
}

inline OwnRecord encoded(const OpenRecord& open) {
  std::string header;
  return OwnRecord(encode_open(open, header));
}

inline bool same(const Condition& a, const Condition& b) {
  return a.kind == b.kind && a.revisions == b.revisions && a.value == b.value;
}

inline auto texts(const NewRecord& record) {
  return record ? std::tuple(record->key(), record->value(), record->content_type())
                : std::tuple<std::string_view, std::string_view, std::string_view>();
}

inline bool same(const Transaction::Check& a, const Transaction::Check& b) {
  return a.key == b.key && same(a.condition, b.condition);
}

inline bool same(const Transaction::Step& a, const Transaction::Step& b) {
  return a.kind == b.kind && a.ttl == b.ttl && texts(a.record) == texts(b.record);
}

template <class One>
bool same(const std::vector<One>& a, const std::vector<One>& b) {
  return std::ranges::equal(a, b, [](const One& x, const One& y) { return same(x, y); });
}

inline bool same(const Transaction& a, const Transaction& b) {
  return same(a.checks, b.checks) && same(a.then, b.then) && same(a.otherwise, b.otherwise);
}

inline bool same(const Command& a, const Command& b) {
  auto plain = [](const Command& one) {
    return std::tie(one.kind, one.origin, one.request_id, one.ttl, one.request_key, one.payload, one.claim.at,
                    one.claim.value, one.claim.snapshot);
  };
  bool same_transaction =
      a.transaction && b.transaction ? same(*a.transaction, *b.transaction) : !a.transaction && !b.transaction;
  return plain(a) == plain(b) && !a.record == !b.record && texts(a.record) == texts(b.record) &&
         same(a.conditions, b.conditions) && same_transaction;
}

inline bool same(const Stamp& a, const Stamp& b) {
  return std::tie(a.log_id, a.instance, a.epoch, a.sequence) == std::tie(b.log_id, b.instance, b.epoch, b.sequence);
}

inline bool same(const OpenRecord& a, const OpenRecord& b) {
  return std::tie(a.log_id, a.instance, a.nonce, a.attempt) == std::tie(b.log_id, b.instance, b.nonce, b.attempt);
}

// What a record is, in one word or the reason against it.
inline std::string kind_of(const DecodedRecord& decoded) {
  struct Kinds {
    std::string operator()(const StampedCommand&) { return "command"; }
    std::string operator()(const OpenRecord&) { return "open"; }
    std::string operator()(const ForeignCommand&) { return "foreign"; }
    std::string operator()(const MalformedRecord& malformed) { return malformed.reason; }
    std::string operator()(const NewerFormat& newer) { return "newer " + std::to_string(newer.version); }
  };
  return std::visit(Kinds{}, decoded);
}

}  // namespace kvs::test
