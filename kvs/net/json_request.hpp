// The JSON of a request, read strictly (RFC 8259): UTF-8, nothing behind the value, nested at most 16 deep. Of a
// repeated member the last counts. Bytes that are no UTF-8 come as NAME_base64.
//   auto document = JsonDocument::parse(body);      auto object = document->object();
//   if (auto problem = object->only(members)) …     auto key = object->bytes("key");
// All errors are malformed and name the member by its path ("then[3].ttl").
#pragma once
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/errc.hpp"
#include "kvs/net/head.hpp"
#include "kvs/revision.hpp"

namespace kvs {

// Whether a body is said to be JSON, and plain. Errors: unsupported_media_type; `what` it is begins the text.
std::optional<Problem> check_json_body(const RequestHead& head, std::string_view what);

// One object of a document. Refers to the document, and so do the views it gives.
class JsonObject {
 public:
  // The first member that is none of these, with a suggestion. Ask before anything else: whoever mistypes a name must
  // hear of it.
  std::optional<Problem> only(std::span<const std::string_view> members) const;

  bool has(std::string_view name) const;
  // Typed members. nullopt: not given; null is nothing that may be given.
  result<std::optional<std::string_view>> text(std::string_view name) const;
  result<std::optional<std::uint64_t>> number(std::string_view name, std::uint64_t max = max_revision_number) const;
  result<std::optional<bool>> flag(std::string_view name) const;
  // Any bytes: the member of that name as text, or NAME_base64; not both.
  result<std::optional<std::string>> bytes(std::string_view name) const;
  // A list of texts; one that stands alone is a list of one. Not given: empty.
  result<std::vector<std::string_view>> texts(std::string_view name) const;
  // A list of objects. Not given: empty.
  result<std::vector<JsonObject>> objects(std::string_view name) const;

  // What is wrong with a member (or with this object, if `name` is empty).
  Problem wrong(std::string_view name, std::string_view what) const;

 private:
  friend class JsonDocument;
  JsonObject(const boost::json::object& object, std::string path) : object_(&object), path_(std::move(path)) {}
  const boost::json::value* find(std::string_view name) const;

  const boost::json::object* object_;
  std::string path_;  // "then[3]"; of the outermost: ""
};

class JsonDocument {
 public:
  // Takes at most memory_for(text.size()) while it reads and as long as it lives; request_too_large if its values would
  // need more.
  static result<JsonDocument> parse(std::string_view text);
  static std::size_t memory_for(std::size_t text_size) { return 4 * text_size + std::size_t{4} * 1024 * 1024; }

  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  result<JsonObject> object() const;  // the outermost value must be one

 private:
  struct Parsed;
  explicit JsonDocument(std::unique_ptr<Parsed> parsed);
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace kvs
