#include "kvs/net/watch_body.hpp"

#include <optional>

#include "kvs/json_text.hpp"
#include "kvs/net/json_request.hpp"

namespace kvs {

namespace {

constexpr std::string_view lists[] = {"key", "prefix"};
constexpr std::string_view texts[] = {"progress", "wait", "deliver", "on_gap", "timeout"};
constexpr std::string_view flags[] = {"initial", "keys_only", "prev", "linearizable"};
constexpr std::string_view positions[] = {"since", "min_revision"};
constexpr std::string_view members[] = {"key",     "prefix",       "key_base64", "prefix_base64", "progress",    "wait",
                                        "deliver", "on_gap",       "timeout",    "initial",       "keys_only",   "prev",
                                        "count",   "linearizable", "since",      "ops",           "min_revision"};

void add(std::string& query, std::string_view name, std::string_view value) {
  constexpr char digits[] = "0123456789ABCDEF";
  if (!query.empty()) query += '&';
  query.append(name) += '=';
  for (char c : value) {
    auto byte = static_cast<unsigned char>(c);
    query += '%';
    query += digits[byte >> 4];
    query += digits[byte & 15];
  }
}

std::optional<Problem> add_list(std::string& query, const JsonObject& object, std::string_view name) {
  auto plain = object.texts(name);
  if (!plain) return plain.error();
  for (std::string_view one : *plain) add(query, name, one);
  std::string encoded = std::string(name) + "_base64";
  auto others = object.texts(encoded);
  if (!others) return others.error();
  for (std::string_view one : *others) {
    auto bytes = decode_base64(one);
    if (!bytes) return object.wrong(encoded, "base64 in the standard alphabet, padded, is wanted");
    add(query, name, *bytes);
  }
  return std::nullopt;
}

// A revision is a number, a position with its log a text.
std::optional<Problem> add_position(std::string& query, const JsonObject& object, std::string_view name) {
  if (auto number = object.number(name)) {
    if (*number) add(query, name, std::to_string(**number));
    return std::nullopt;
  }
  auto text = object.text(name);
  if (!text) return object.wrong(name, "a revision (a number) or a position (\"REVISION@LOGID\") is wanted");
  if (*text) add(query, name, **text);
  return std::nullopt;
}

std::optional<Problem> add_ops(std::string& query, const JsonObject& object) {
  if (!object.has("ops")) return std::nullopt;
  auto ops = object.texts("ops");
  if (!ops) return ops.error();
  std::string all;
  for (std::string_view op : *ops) all.append(all.empty() ? "" : ",").append(op);
  add(query, "ops", all);
  return std::nullopt;
}

std::optional<Problem> add_simple(std::string& query, const JsonObject& object) {
  for (std::string_view name : texts) {
    auto text = object.text(name);
    if (!text) return text.error();
    if (*text) add(query, name, **text);
  }
  for (std::string_view name : flags) {
    auto flag = object.flag(name);
    if (!flag) return flag.error();
    if (*flag) add(query, name, **flag ? "1" : "0");
  }
  auto count = object.number("count");
  if (!count) return count.error();
  if (*count) add(query, "count", std::to_string(**count));
  return std::nullopt;
}

}  // namespace

result<std::string> watch_query(std::string_view body) {
  auto document = JsonDocument::parse(body);
  if (!document) return document.error();
  auto object = document->object();
  if (!object) return object.error();
  if (auto problem = object->only(members)) return *problem;
  std::string query;
  for (std::string_view name : lists) {
    if (auto problem = add_list(query, *object, name)) return *problem;
  }
  for (std::string_view name : positions) {
    if (auto problem = add_position(query, *object, name)) return *problem;
  }
  if (auto problem = add_ops(query, *object)) return *problem;
  if (auto problem = add_simple(query, *object)) return *problem;
  return query;
}

}  // namespace kvs
