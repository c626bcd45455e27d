#include "kvs/cmd/item.hpp"

#include <boost/json.hpp>

#include "kvs/cmd/failure.hpp"
#include "kvs/json_text.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

Failure bad_data(const std::string& what) {
  return {exit_code::bad_data, "the server's answer makes no sense: " + what};
}

json::value parsed(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) throw bad_data(error.message());
  return value;
}

std::optional<std::string> bytes(const json::object& object, const std::string& name) {
  if (const json::value* text = object.if_contains(name); text && text->is_string())
    return std::string(text->as_string());
  const json::value* encoded = object.if_contains(name + "_base64");
  if (!encoded || !encoded->is_string()) return std::nullopt;
  auto decoded = decode_base64(std::string_view(encoded->as_string().data(), encoded->as_string().size()));
  if (!decoded) throw bad_data(name + "_base64 is no base64");
  return decoded;
}

std::optional<std::uint64_t> number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  if (!value) return std::nullopt;
  boost::system::error_code error;
  auto result = value->to_number<std::uint64_t>(error);
  return error ? std::nullopt : std::optional(result);
}

bool on(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_bool() && value->as_bool();
}

// erase() would put the last member in the place of the erased one; the order of the others is to stay.
json::object record_of(const json::object& event) {
  json::object record(event.storage());
  for (const auto& member : event) {
    json::string_view name = member.key();
    if (name != "op" && name != "initial" && name != "more" && name != "created") record.insert(member);
  }
  return record;
}

Item item_from(const json::value& value, Shape shape) {
  if (!value.is_object()) throw bad_data("no object where a record should be");
  const json::object& object = value.as_object();
  Item item;
  item.op = bytes(object, "op").value_or("");
  item.key = bytes(object, "key").value_or("");
  item.value = bytes(object, "value");
  if (const json::value* before = object.if_contains("prev"); before && before->is_object())
    item.previous = bytes(before->as_object(), "value");
  item.revision = number(object, "revision").value_or(0);
  item.initial = on(object, "initial");
  item.more = on(object, "more");
  item.json = shape == Shape::record ? json::serialize(record_of(object)) : json::serialize(object);
  return item;
}

}  // namespace

Item parse_item(std::string_view text) { return item_from(parsed(text), Shape::event); }

std::vector<Item> parse_items(std::string_view text, Shape shape) {
  json::value value = parsed(text);
  if (!value.is_array()) throw bad_data("no array where events should be");
  std::vector<Item> items;
  for (const json::value& element : value.as_array()) items.push_back(item_from(element, shape));
  return items;
}

std::optional<std::uint64_t> json_number(std::string_view text, std::string_view member) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  return error || !value.is_object() ? std::nullopt : number(value.as_object(), member);
}

std::optional<std::string> json_string(std::string_view text, std::string_view member) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  return error || !value.is_object() ? std::nullopt : bytes(value.as_object(), std::string(member));
}

bool json_true(std::string_view text, std::string_view member) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  return !error && value.is_object() && on(value.as_object(), std::string(member).c_str());
}

}  // namespace kvs
