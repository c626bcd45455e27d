#include "kvs/cmd/import_batch.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>

#include "kvs/cmd/failure.hpp"
#include "kvs/json_text.hpp"
#include "kvs/net/answer.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

using std::chrono::milliseconds;

namespace json = boost::json;

constexpr std::size_t most_operations = 1'000;  // the server takes 1,024

// What is imported, and of what kvs export writes beside it what the server makes anew.
constexpr std::array<std::string_view, 12> members{
    "key", "key_base64", "value",    "value_base64", "content_type",     "expires",
    "ttl", "version",    "modified", "revision",     "created_revision", "size"};

Failure bad(const std::string& what) { return {exit_code::bad_data, what}; }

// As the server counts it.
std::size_t size_of(const ImportRecord& record) {
  return record.key.size() + record.value.size() + record.content_type.size();
}

json::object parsed(std::string_view line) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error || !value.is_object()) throw bad("no JSON object");
  return std::move(value.as_object());
}

std::string known_members() {
  std::string list;
  for (std::string_view name : members) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

// A member that nobody knows may be a mistyped one that somebody counts on.
void refuse_unknown(const json::object& record) {
  for (const auto& member : record) {
    std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(members, name) == members.end())
      throw Failure(exit_code::bad_data, "no record has a member '" + std::string(name) + "'",
                    "a record may have " + known_members());
  }
}

std::optional<std::string> text(const json::object& record, std::string_view name) {
  const json::value* value = record.if_contains(json::string_view(name.data(), name.size()));
  if (!value) return std::nullopt;
  if (!value->is_string()) throw bad(std::string(name) + " is no string: " + json::serialize(*value));
  return std::string(value->as_string());
}

std::optional<std::string> bytes(const json::object& record, const std::string& name) {
  std::optional<std::string> plain = text(record, name), encoded = text(record, name + "_base64");
  if (plain && encoded) throw bad(name + " and " + name + "_base64: one of them says what it is");
  if (!encoded) return plain;
  auto decoded = decode_base64(*encoded);
  if (!decoded) throw bad(name + "_base64 is no base64");
  return decoded;
}

}  // namespace

std::optional<LogTime> parse_time(const std::string& text) {
  constexpr std::size_t whole_seconds = 20;
  std::string whole = text;
  if (text.size() == whole_seconds && text.back() == 'Z') whole.insert(whole_seconds - 1, ".000");
  std::tm parts{};
  int millis = 0;
  int got = std::sscanf(whole.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                        &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis);
  if (got != 7) return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  LogTime time(std::chrono::seconds(timegm(&parts)) + milliseconds(millis));
  std::string again;
  append_time(again, time);
  if (again != whole) return std::nullopt;  // no such day, or not all of its digits
  return time;
}

ImportRecord parse_import(std::string_view line, LogTime now) {
  json::object found = parsed(line);
  refuse_unknown(found);
  auto key = bytes(found, "key"), value = bytes(found, "value");
  if (!key || key->empty()) throw bad("a record without a key");
  if (!value) throw bad("a record without a value");
  ImportRecord record{std::move(*key), std::move(*value), text(found, "content_type").value_or(""), {}};
  if (!is_field_value(record.content_type)) throw bad("content_type cannot stand in a header field");
  auto expires = text(found, "expires");
  if (auto ttl = text(found, "ttl")) {
    auto duration = parse_duration(*ttl);
    if (!duration) throw bad("ttl is no duration (30s, 1h30m): " + *ttl);
    if (expires) throw bad("expires and ttl: one of them says when the key goes");
    record.ttl = *duration;
  }
  if (!expires) return record;
  auto at = parse_time(*expires);
  if (!at) throw bad("expires is no time as in 2027-01-31T12:00:00Z: " + *expires);
  record.ttl = *at - now;
  return record;
}

bool ImportBatch::takes(const ImportRecord& record) const {
  return keys_.size() < most_operations && bytes_ + size_of(record) <= most_bytes_ && !keys_.contains(record.key);
}

void ImportBatch::add(const ImportRecord& record) {
  operations_ += operations_.empty() ? "{\"op\":\"set\"," : ",{\"op\":\"set\",";
  append_json_member(operations_, "key", record.key);
  operations_ += ',';
  append_json_member(operations_, "value", record.value);
  if (record.ttl) operations_ += ",\"ttl\":\"" + format_duration(*record.ttl) + '"';
  if (!record.content_type.empty()) {
    operations_ += ",\"content_type\":";
    append_json_string(operations_, record.content_type);
  }
  operations_ += '}';
  bytes_ += size_of(record);
  keys_.insert(record.key);
}

std::string ImportBatch::take_body() {
  std::string body = "{\"then\":[" + operations_ + "]}";
  operations_.clear();
  keys_.clear();
  bytes_ = 0;
  return body;
}

}  // namespace kvs
