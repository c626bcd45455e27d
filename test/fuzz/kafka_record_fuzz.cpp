// Any record at all: it has an answer, and one taken for ours says exactly what our own writing of the same would say.
//
// input := parts:u8 key_size:u16 content_type_size:u8 value_size:u16 key content_type value kvs:(the rest)
// parts  : 1 key, 2 value, 4 header `kvs`, 8 its checksum is made right (or hardly anything would get past it)
#include <cstdlib>
#include <string>
#include <string_view>

#include "kvs/bus/fence.hpp"
#include "kvs/bus/kafka_record.hpp"
#include "kvs/limits.hpp"
#include "kvs/little_endian.hpp"

using namespace kvs;

namespace {

constexpr std::size_t max_foreign_value_size = 1000;

// assert() is for the code under test: this stays, whatever NDEBUG says.
void require(bool holds) {
  if (!holds) std::abort();
}

struct Check {
  const KafkaRecord& record;

  void same(const KafkaRecord& written) const {
    require(written.kvs == record.kvs && written.key == record.key && written.value == record.value);
    require(written.content_type == record.content_type);
  }

  void bounded(const Command& command) const {
    require(command.ttl.count() >= 0 && command.ttl <= max_ttl);
    require(command.conditions.size() <= max_conditions && command.request_key.size() <= max_request_key_size);
    require(!command.record || command.record->key().size() <= max_key_size);
    require((command.kind == Command::Kind::transaction) == static_cast<bool>(command.transaction));
    if (!command.transaction) return;
    const Transaction& asked = *command.transaction;
    require(asked.checks.size() <= max_transaction_checks);
    require(asked.then.size() + asked.otherwise.size() <= max_transaction_steps);
    for (const auto* steps : {&asked.then, &asked.otherwise}) {
      for (const auto& step : *steps) require(step.record && step.ttl.count() >= 0 && step.ttl <= max_ttl);
    }
  }

  void operator()(const StampedCommand& stamped) const {
    std::string header;
    auto written = encode_command(stamped.command, stamped.stamp, header);
    require(written.has_value());
    same(*written);
    bounded(stamped.command);

    Fence fence;
    fence.open({{}, stamped.stamp.instance, number(stamped.stamp.log_id), 1}, stamped.stamp.epoch, {});
    Revision place = after(stamped.stamp.epoch);
    require(fence.admit(stamped.stamp, place, {}) == Admission::counts);
    require(fence.admit(stamped.stamp, after(place), {}) == Admission::not_in_order);
  }
  void operator()(const OpenRecord& open) const {
    std::string header;
    same(encode_open(open, header));
    Fence fence;
    require((fence.open(open, Revision{1}, {}) == Opening::counts) == !open.log_id);
  }
  void operator()(const ForeignCommand& foreign) const {
    require(!record.kvs);
    const Record& made = *foreign.command.record;
    require(made.key() == record.key && !made.key().empty() && made.key().size() <= max_key_size);
    require(made.value() == record.value.value_or("") && made.value().size() <= max_foreign_value_size);
    require((foreign.command.kind == Command::Kind::set) == record.value.has_value());
  }
  void operator()(const MalformedRecord& malformed) const { require(!std::string_view(malformed.reason).empty()); }
  void operator()(const NewerFormat& newer) const { require(newer.version > kafka_format_version); }
};

}  // namespace

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 6) return 0;
  ByteReader in(input);
  auto parts = in.get<std::uint8_t>();
  std::size_t key_size = in.get<std::uint16_t>();
  std::size_t content_type_size = in.get<std::uint8_t>();
  std::size_t value_size = in.get<std::uint16_t>();
  auto take = [&](std::size_t wanted) { return in.get(std::min(wanted, in.left())); };
  auto key = take(key_size);
  auto content_type = take(content_type_size);
  auto value = take(value_size);
  std::string kvs(take(in.left()));

  KafkaRecord record;
  if ((parts & 1) != 0) record.key = key;
  if ((parts & 2) != 0) record.value = value;
  if ((parts & 4) != 0) record.kvs = kvs;
  record.content_type = content_type;
  if ((parts & 8) != 0 && kvs.size() >= 4) ByteWriter(kvs.data()).put(checksum(record));
  std::visit(Check{record}, decode_record(record, max_foreign_value_size));
  return 0;
}
