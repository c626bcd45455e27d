#include "kvs/cmd/import_batch.hpp"

#include <cstdio>
#include <ctime>

#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/json_text.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_operations = 1'000;  // the server takes 1,024

Failure bad(const std::string& what) { return {exit_code::bad_data, what}; }

void append_bytes(std::string& json, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    json += '"' + name + "\":";
    append_json_string(json, bytes);
  } else {
    json += '"' + name + "_base64\":\"";
    append_base64(json, bytes);
    json += '"';
  }
}

// As the server counts it.
std::size_t size_of(const ImportRecord& record) {
  return record.key.size() + record.value.size() + record.content_type.size();
}

Item parsed(std::string_view line) try { return parse_item(line); } catch (const Failure&) {
  throw bad("no JSON object");
}

}  // namespace

std::optional<LogTime> parse_time(const std::string& text) {
  std::tm parts{};
  int millis = 0;
  int used = 0;
  int got = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                        &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis, &used);
  if (got != 7 || static_cast<std::size_t>(used) != text.size()) return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return LogTime(std::chrono::seconds(timegm(&parts)) + milliseconds(millis));
}

ImportRecord parse_import(std::string_view line, LogTime now) {
  Item item = parsed(line);
  if (item.key.empty()) throw bad("a record without a key");
  if (!item.value) throw bad("a record without a value");
  ImportRecord record{std::move(item.key), std::move(*item.value), json_string(line, "content_type").value_or(""), {}};
  auto expires = json_string(line, "expires");
  if (auto ttl = json_string(line, "ttl")) {
    auto duration = parse_duration(*ttl);
    if (!duration) throw bad("ttl is no duration (30s, 1h30m): " + *ttl);
    if (expires) throw bad("expires and ttl: one of them says when the key goes");
    record.ttl = *duration;
  }
  if (!expires) return record;
  auto at = parse_time(*expires);
  if (!at) throw bad("expires is no time: " + *expires);
  record.ttl = *at - now;
  return record;
}

bool ImportBatch::takes(const ImportRecord& record) const {
  return keys_.size() < most_operations && bytes_ + size_of(record) <= most_bytes_ && !keys_.contains(record.key);
}

void ImportBatch::add(const ImportRecord& record) {
  operations_ += operations_.empty() ? "{\"op\":\"set\"," : ",{\"op\":\"set\",";
  append_bytes(operations_, "key", record.key);
  operations_ += ',';
  append_bytes(operations_, "value", record.value);
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
