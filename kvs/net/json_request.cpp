#include "kvs/net/json_request.hpp"

#include <algorithm>
#include <boost/json/memory_resource.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>

#include "kvs/json_text.hpp"
#include "kvs/suggest.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 16;
constexpr std::size_t first_block = 1024;  // each further one is twice as large

// "[0,0,0,…" takes many times the memory that its text does.
class Limited final : public json::memory_resource {
 public:
  explicit Limited(std::size_t limit) : left_(limit) {}

 private:
  void* do_allocate(std::size_t size, std::size_t) override {
    if (size > left_) throw std::bad_alloc();
    left_ -= size;
    return ::operator new(size);
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t) override {
    left_ += size;
    ::operator delete(memory);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  std::size_t left_;
};

json::parse_options strict() {
  json::parse_options options;
  options.max_depth = max_depth;
  return options;
}

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "?";
}

std::string instead(std::string_view wanted, const json::value& found) {
  return "must be " + std::string(wanted) + ", not " + std::string(kind_name(found));
}

std::string place(std::string_view name, std::size_t index) {
  return std::string(name) + '[' + std::to_string(index) + ']';
}

Problem bad_json(const json::error_code& error, std::size_t at) {
  if (error == json::error::incomplete) return {errc::malformed, "the JSON ends before it is complete"};
  std::string what = error.message();
  if (error == json::error::too_deep) what = "nested more than " + std::to_string(max_depth) + " deep";
  if (error == json::error::extra_data) what = "nothing may follow the value";
  return {errc::malformed, "the body is not the JSON it should be, at byte " + std::to_string(at) + ": " + what};
}

}  // namespace

std::optional<Problem> check_json_body(const RequestHead& head, std::string_view what) {
  if (head.has(Known::content_encoding)) {
    return Problem{errc::unsupported_media_type,
                   std::string(what) + " must come as plain JSON: send it without Content-Encoding"};
  }
  std::string_view type = head.value(Known::content_type);
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  if (equals_ignoring_case(type, "application/json")) return std::nullopt;
  return Problem{errc::unsupported_media_type,
                 std::string(what) + " must come as JSON: send it with Content-Type: application/json"};
}

std::optional<Problem> JsonObject::only(std::span<const std::string_view> members) const {
  for (const auto& member : *object_) {
    std::string_view name = view(member.key());
    if (std::ranges::find(members, name) != members.end()) continue;
    std::string what = "is not known";
    if (auto near = closest(name, members); !near.empty()) {
      what += ": did you mean '" + std::string(near) + "'?";
    } else {
      what += "; there may be";
      for (std::size_t i = 0; i < members.size(); ++i) (what += i == 0 ? " " : ", ") += members[i];
    }
    return wrong(name, what);
  }
  return std::nullopt;
}

const json::value* JsonObject::find(std::string_view name) const {
  return object_->if_contains({name.data(), name.size()});
}

bool JsonObject::has(std::string_view name) const { return find(name) != nullptr; }

Problem JsonObject::wrong(std::string_view name, std::string_view what) const {
  std::string path = path_;
  if (!path.empty() && !name.empty()) path += '.';
  path += name;
  return {errc::malformed, path.empty() ? "the body " + std::string(what) : "'" + path + "' " + std::string(what)};
}

result<std::optional<std::string_view>> JsonObject::text(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<std::string_view>{};
  if (!value->is_string()) return wrong(name, instead("text", *value));
  return std::optional(view(value->get_string()));
}

result<std::optional<std::uint64_t>> JsonObject::number(std::string_view name, std::uint64_t max) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<std::uint64_t>{};
  boost::json::error_code error;
  auto number = value->is_number() ? value->to_number<std::uint64_t>(error) : 0;
  if (!value->is_number()) return wrong(name, instead("a number", *value));
  if (error || number > max) return wrong(name, "must be a whole number from 0 to " + std::to_string(max));
  return std::optional(number);
}

result<std::optional<bool>> JsonObject::flag(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return std::optional<bool>{};
  if (!value->is_bool()) return wrong(name, instead("true or false", *value));
  return std::optional(value->get_bool());
}

result<std::optional<std::string>> JsonObject::bytes(std::string_view name) const {
  std::string encoded = std::string(name) + "_base64";
  auto plain = text(name);
  if (!plain) return plain.error();
  auto base64 = text(encoded);
  if (!base64) return base64.error();
  if (*plain && *base64) return wrong(name, "and '" + encoded + "' are both given: give one of them");
  if (*plain) return std::optional(std::string(**plain));
  if (!*base64) return std::optional<std::string>{};
  auto decoded = decode_base64(**base64);
  if (!decoded) return wrong(encoded, "must be base64 (standard alphabet, padded)");
  return decoded;
}

result<std::vector<std::string_view>> JsonObject::texts(std::string_view name) const {
  std::vector<std::string_view> list;
  const json::value* value = find(name);
  if (value == nullptr) return list;
  if (value->is_string()) return std::vector{view(value->get_string())};
  if (!value->is_array()) return wrong(name, instead("text or a list of texts", *value));
  for (const json::value& one : value->get_array()) {
    if (!one.is_string()) return wrong(place(name, list.size()), instead("text", one));
    list.push_back(view(one.get_string()));
  }
  return list;
}

result<std::vector<JsonObject>> JsonObject::objects(std::string_view name) const {
  std::vector<JsonObject> list;
  const json::value* value = find(name);
  if (value == nullptr) return list;
  if (!value->is_array()) return wrong(name, instead("a list of objects", *value));
  for (const json::value& one : value->get_array()) {
    std::string path = place(name, list.size());
    if (!one.is_object()) return wrong(path, instead("an object", one));
    list.push_back(JsonObject(one.get_object(), path_.empty() ? path : path_ + '.' + path));
  }
  return list;
}

struct JsonDocument::Parsed {
  explicit Parsed(std::size_t limit) : memory(limit), values(first_block, json::storage_ptr(&memory)) {}
  Limited memory;
  json::monotonic_resource values;
  std::optional<json::value> root;  // made in `values`
};

JsonDocument::JsonDocument(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

result<JsonDocument> JsonDocument::parse(std::string_view text) {
  auto parsed = std::make_unique<Parsed>(memory_for(text.size()));
  try {
    json::parser parser(json::storage_ptr(&parsed->memory), strict());
    parser.reset(json::storage_ptr(&parsed->values));
    json::error_code error;
    std::size_t read = parser.write_some({text.data(), text.size()}, error);
    if (!error && read < text.size()) error = json::error::extra_data;
    if (error) return bad_json(error, read);
    parsed->root.emplace(parser.release());
  } catch (const std::bad_alloc&) {
    return Problem{errc::request_too_large, "the body holds more values than this server takes at once"};
  }
  return JsonDocument(std::move(parsed));
}

result<JsonObject> JsonDocument::object() const {
  const json::value& root = *parsed_->root;
  if (!root.is_object()) return Problem{errc::malformed, "the body " + instead("an object", root)};
  return JsonObject(root.get_object(), {});
}

}  // namespace kvs
