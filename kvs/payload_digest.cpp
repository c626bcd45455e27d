// What is digested is a sequence of numbers, which says where each part ends; it is written down in remembered answers,
// so it must never change:
//   command := kind record ttl count condition* transaction?        record := text(key) text(content type) text(value)
//   condition := kind count revision* text(value)                   text := size, then its bytes, 8 to a number
//   transaction := count check* count step* count step*             check := text(key) condition   step := kind record
//   ttl
#include "kvs/payload_digest.hpp"

#include "kvs/little_endian.hpp"

namespace kvs {
namespace {

class Digest {
 public:
  void add(std::uint64_t number) {
    value_ = (value_ ^ number) * 0x9e3779b97f4a7c15;
    value_ ^= value_ >> 32;
  }
  void add(std::string_view text) {
    add(text.size());
    ByteReader in(text);
    while (in.left() >= 8) add(in.get<std::uint64_t>());
    if (in.left() == 0) return;
    std::uint64_t rest = 0;
    for (unsigned shift = 0; in.left() != 0; shift += 8) rest |= std::uint64_t{in.get<std::uint8_t>()} << shift;
    add(rest);
  }
  void add(const Record& record) {
    add(record.key());
    add(record.content_type());
    add(record.value());
  }
  void add(std::chrono::milliseconds time) { add(static_cast<std::uint64_t>(time.count())); }
  void add(const Condition& condition) {
    add(static_cast<std::uint64_t>(condition.kind));
    add(condition.revisions.size());
    for (Revision revision : condition.revisions) add(number(revision));
    add(std::string_view(condition.value));
  }
  void add(const std::vector<Transaction::Step>& steps) {
    add(steps.size());
    for (const Transaction::Step& step : steps) {
      add(static_cast<std::uint64_t>(step.kind));
      add(*step.record);
      add(step.ttl);
    }
  }
  void add(const Transaction& transaction) {
    add(transaction.checks.size());
    for (const Transaction::Check& check : transaction.checks) {
      add(std::string_view(check.key));
      add(check.condition);
    }
    add(transaction.then);
    add(transaction.otherwise);
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x6b76732d64696731;
};

}  // namespace

std::uint64_t payload_digest(const Command& command) {
  Digest digest;
  digest.add(static_cast<std::uint64_t>(command.kind));
  if (command.record) digest.add(*command.record);
  digest.add(command.ttl);
  digest.add(command.conditions.size());
  for (const Condition& condition : command.conditions) digest.add(condition);
  if (command.transaction) digest.add(*command.transaction);
  return digest.value();
}

}  // namespace kvs
