// A record or an event as the server sent it, read back.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

struct Item {
  std::string op;   // of an event: "set", "delete", "synced", …; empty for a record
  std::string key;  // raw bytes
  std::optional<std::string> value;
  std::optional<std::string> previous;  // of an event: the value that was there before, if it was asked for
  std::uint64_t revision = 0;
  bool initial = false;  // of an event: part of an initial state
  bool more = false;     // of an event: others of this revision follow
  std::string json;      // the same as compact JSON, in the server's order

  bool change() const { return op == "set" || op == "delete" || op == "expire"; }
};

// One record or event. Throws Failure (bad data) if it is none.
Item parse_item(std::string_view json);
// An array of them: a message of a watch. `shape` says what Item::json becomes: the event as it is, or, for an initial
// state, the record it stands for, without what only events have.
enum class Shape : std::uint8_t { event, record };
std::vector<Item> parse_items(std::string_view json, Shape shape = Shape::event);

// A number out of a JSON object: nullopt if it has no such member or it is no number.
std::optional<std::uint64_t> json_number(std::string_view json, std::string_view member);
// Whether a member is there and true.
bool json_true(std::string_view json, std::string_view member);
std::optional<std::string> json_string(std::string_view json, std::string_view member);

}  // namespace kvs
