#include "kvs/bus/kafka_transaction.hpp"

#include <algorithm>

#include "kvs/bus/kafka_fields.hpp"
#include "kvs/limits.hpp"

namespace kvs {
namespace {

using Check = Transaction::Check;
using Step = Transaction::Step;
using Steps = std::vector<Step>;

constexpr const char* cut = "its value is cut off, or longer than it says";

// Wire numbers are fixed here, whatever becomes of the enumerators.
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wswitch"  // a kind that is not here does not compile
constexpr std::uint8_t wire_step(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::set:
      return 1;
    case Step::Kind::remove:
      return 2;
    case Step::Kind::get:
      return 3;
  }
  return 0;
}
#pragma GCC diagnostic pop

std::optional<Step::Kind> step_kind(std::uint8_t wire) {
  for (auto kind : {Step::Kind::set, Step::Kind::remove, Step::Kind::get}) {
    if (wire_step(kind) == wire) return kind;
  }
  return {};
}

// All that a transaction does has one revision, and at one revision a key is one thing.
bool writes_a_key_twice(const Steps& steps) {
  std::vector<std::string_view> written;
  for (const Step& step : steps) {
    if (step.kind != Step::Kind::get) written.push_back(step.record->key());
  }
  std::ranges::sort(written);
  return std::ranges::adjacent_find(written) != written.end();
}

// Encoding.

bool can_encode(const Check& check) { return is_key(check.key) && can_encode(check.condition); }

bool can_encode(const Step& step) {
  if (wire_step(step.kind) == 0 || !step.record || !is_key(step.record->key())) return false;
  if (step.kind != Step::Kind::set) return step.ttl.count() == 0;
  return is_content_type(step.record->content_type()) && is_ttl(step.ttl);
}

bool can_encode(const Steps& steps) {
  return std::ranges::all_of(steps, [](const Step& one) { return can_encode(one); }) && !writes_a_key_twice(steps);
}

void put(const Step& step, ByteAppender& out) {
  out.put(wire_step(step.kind));
  put_name(step.record->key(), out);
  if (step.kind != Step::Kind::set) return;
  put_ttl(step.ttl, out);
  out.put_text(step.record->content_type());
  out.put(static_cast<std::uint32_t>(step.record->value().size()));
  out.put(step.record->value());
}

void put(const Steps& steps, ByteAppender& out) {
  out.put(static_cast<std::uint16_t>(steps.size()));
  for (const Step& step : steps) put(step, out);
}

// Decoding. Each of these gives what is wrong, or null. Lists grow by what is there, not by what they say they have.

const char* get(CheckedReader& in, std::vector<Check>& checks) {
  std::size_t count = in.get<std::uint16_t>();
  if (count > max_transaction_checks) return "too many checks";
  while (checks.size() < count) {
    auto key = get_name(in);
    if (!in.ok()) return cut;
    if (!is_key(key)) return "a check of no key, or one of a bad size";
    checks.push_back({std::string(key), {}});
    if (auto wrong = get(in, checks.back().condition)) return wrong;
  }
  return nullptr;
}

const char* get(CheckedReader& in, Step& step) {
  auto kind = step_kind(in.get<std::uint8_t>());
  auto key = get_name(in);
  if (!in.ok()) return cut;
  if (!kind) return "a step of no known kind";
  if (!is_key(key)) return "a step with no key, or one of a bad size";
  step.kind = *kind;
  if (step.kind != Step::Kind::set) {
    step.record = Record::make(key, std::string_view());
    return nullptr;
  }
  auto ttl = get_ttl(in);
  auto content_type = in.get_text();
  auto value = in.get(in.get<std::uint32_t>());
  if (!in.ok()) return cut;
  if (!ttl) return "a bad time to live";
  if (!is_content_type(content_type)) return "a bad content type";
  step.ttl = *ttl;
  step.record = Record::make(key, value, content_type);
  return nullptr;
}

const char* get(CheckedReader& in, Steps& steps, std::size_t most) {
  std::size_t count = in.get<std::uint16_t>();
  if (count > most) return "too many steps";
  while (steps.size() < count) {
    if (auto wrong = get(in, steps.emplace_back())) return wrong;
  }
  return writes_a_key_twice(steps) ? "a key written twice" : nullptr;
}

}  // namespace

bool can_encode(const Transaction& transaction) {
  if (transaction.checks.size() > max_transaction_checks) return false;
  if (transaction.then.size() + transaction.otherwise.size() > max_transaction_steps) return false;
  return std::ranges::all_of(transaction.checks, [](const Check& one) { return can_encode(one); }) &&
         can_encode(transaction.then) && can_encode(transaction.otherwise);
}

void put(const Transaction& transaction, ByteAppender& out) {
  out.put(static_cast<std::uint16_t>(transaction.checks.size()));
  for (const Check& check : transaction.checks) {
    put_name(check.key, out);
    put(check.condition, out);
  }
  put(transaction.then, out);
  put(transaction.otherwise, out);
}

const char* get(std::string_view value, Transaction& transaction) {
  CheckedReader in(value);
  if (auto wrong = get(in, transaction.checks)) return wrong;
  if (auto wrong = get(in, transaction.then, max_transaction_steps)) return wrong;
  if (auto wrong = get(in, transaction.otherwise, max_transaction_steps - transaction.then.size())) return wrong;
  return in.at_end() ? nullptr : cut;
}

}  // namespace kvs
