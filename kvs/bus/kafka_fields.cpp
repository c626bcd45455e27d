#include "kvs/bus/kafka_fields.hpp"

#include <algorithm>
#include <array>

#include "kvs/limits.hpp"

namespace kvs {
namespace {

constexpr std::array condition_kinds{Condition::Kind::exists, Condition::Kind::absent, Condition::Kind::revision_in,
                                     Condition::Kind::revision_not_in, Condition::Kind::value_is};

std::uint8_t wire_condition(Condition::Kind kind) {
  auto found = std::ranges::find(condition_kinds, kind);
  return static_cast<std::uint8_t>(found - condition_kinds.begin() + 1);
}

bool has_revisions(Condition::Kind kind) {
  return kind == Condition::Kind::revision_in || kind == Condition::Kind::revision_not_in;
}

}  // namespace

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_key(std::string_view key) { return !key.empty() && key.size() <= max_key_size; }

bool is_content_type(std::string_view text) {
  auto carried = [](unsigned char c) { return (c >= 0x20 && c != 0x7F) || c == '\t'; };
  return text.size() <= max_content_type_size && std::ranges::all_of(text, carried);
}

bool is_ttl(std::chrono::milliseconds ttl) { return ttl.count() >= 0 && ttl <= max_ttl; }

bool can_encode(const Condition& condition) {
  return condition.revisions.size() <= UINT16_MAX && condition.value.size() <= UINT32_MAX;
}

void put(const Condition& condition, ByteAppender& out) {
  out.put(wire_condition(condition.kind));
  if (has_revisions(condition.kind)) {
    out.put(static_cast<std::uint16_t>(condition.revisions.size()));
    for (Revision revision : condition.revisions) out.put(number(revision));
  }
  if (condition.kind == Condition::Kind::value_is) {
    out.put(static_cast<std::uint32_t>(condition.value.size()));
    out.put(condition.value);
  }
}

const char* get(CheckedReader& in, Condition& condition) {
  auto kind = in.get<std::uint8_t>();
  if (kind < 1 || kind > condition_kinds.size()) return "a condition of no known kind";
  condition.kind = condition_kinds[kind - 1];
  if (has_revisions(condition.kind)) {
    std::size_t count = in.get<std::uint16_t>();
    if (count * sizeof(Revision) > in.left()) return "a list longer than its record";  // before anything is allocated
    condition.revisions.resize(count);
    for (Revision& revision : condition.revisions) revision = Revision{in.get<std::uint64_t>()};
  }
  if (condition.kind == Condition::Kind::value_is) condition.value = in.get(in.get<std::uint32_t>());
  return nullptr;
}

void put_name(std::string_view name, ByteAppender& out) {
  out.put(static_cast<std::uint16_t>(name.size()));
  out.put(name);
}

std::string_view get_name(CheckedReader& in) { return in.get(in.get<std::uint16_t>()); }

void put_ttl(std::chrono::milliseconds ttl, ByteAppender& out) { out.put(static_cast<std::uint64_t>(ttl.count())); }

std::optional<std::chrono::milliseconds> get_ttl(CheckedReader& in) {
  auto count = in.get<std::uint64_t>();
  if (count > static_cast<std::uint64_t>(max_ttl.count())) return {};
  return std::chrono::milliseconds(count);
}

}  // namespace kvs
