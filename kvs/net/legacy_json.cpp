#include "kvs/net/legacy_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <cmath>

#include "kvs/json_text.hpp"
#include "kvs/net/head.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

// Takes Key and Value out of what the parser finds, and reads over the rest.
class Members {
 public:
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  using Error = json::error_code;

  LegacyForm form = LegacyForm::pair;
  LegacyBody body;
  std::string_view refused;  // why; static text

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error& error) {
    if (depth_ == 0) {
      depth_ = 1;
      return true;
    }
    return enter(error);
  }
  bool on_object_end(std::size_t, Error&) { return leave(); }
  bool on_array_begin(Error& error) { return enter(error); }
  bool on_array_end(std::size_t, Error&) { return leave(); }

  bool on_key_part(json::string_view part, std::size_t, Error&) {
    if (depth_ == 1) name_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Error&) {
    if (depth_ != 1) return true;
    name_.append(part.data(), part.size());
    member_ = member_of(name_);
    if (member_ != nullptr) member_->clear();  // the last one counts
    name_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, Error& error) { return take(part, error); }
  bool on_string(json::string_view part, std::size_t, Error& error) { return take(part, error); }
  bool on_null(Error&) { return true; }

  bool on_number_part(json::string_view, Error& error) { return scalar(error); }
  bool on_int64(std::int64_t, json::string_view, Error& error) { return scalar(error); }
  bool on_uint64(std::uint64_t, json::string_view, Error& error) { return scalar(error); }
  bool on_double(double number, json::string_view, Error& error) {
    if (!std::isfinite(number)) return refuse("the body holds a number that is too large", error);
    return scalar(error);
  }
  bool on_bool(bool, Error& error) { return scalar(error); }
  bool on_comment_part(json::string_view, Error&) { return true; }
  bool on_comment(json::string_view, Error&) { return true; }

 private:
  bool refuse(std::string_view why, Error& error) {
    refused = why;
    error = json::error::exception;
    return false;
  }
  std::string* member_of(std::string_view name) {
    if (equals_ignoring_case(name, "key")) return &body.key;
    if (form == LegacyForm::pair && equals_ignoring_case(name, "value")) return &body.value;
    return nullptr;
  }
  bool wanted() const { return depth_ == 1 && member_ != nullptr; }
  bool scalar(Error& error) {
    if (depth_ == 0) return refuse(no_object, error);
    return !wanted() || refuse(no_string, error);
  }
  bool enter(Error& error) {
    if (!scalar(error)) return false;
    ++depth_;
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }
  bool take(json::string_view part, Error& error) {
    if (depth_ == 0) return refuse(no_object, error);
    if (wanted()) member_->append(part.data(), part.size());
    return true;
  }

  static constexpr std::string_view no_object =
      "the body must be a JSON object like {\"Key\":\"City\",\"Value\":\"Ahmedabad\"}";
  static constexpr std::string_view no_string =
      "Key and Value must be strings, like {\"Key\":\"City\",\"Value\":\"Ahmedabad\"}";

  std::size_t depth_ = 0;
  std::string name_;
  std::string* member_ = nullptr;
};

json::parse_options options() {
  json::parse_options options;
  options.max_depth = 64;
  return options;
}

Problem bad_json(const json::error_code& error) {
  if (error == json::error::incomplete) {
    return {errc::malformed, "the body ends before its JSON object does: send one like {\"Key\":\"City\"}"};
  }
  return {errc::malformed,
          "the body is not the JSON it should be (" + error.message() + "): send an object like {\"Key\":\"City\"}"};
}

}  // namespace

result<LegacyBody> parse_legacy_body(std::string_view body, LegacyForm form) {
  json::basic_parser<Members> parser(options());
  json::error_code error;
  parser.handler().form = form;
  parser.write_some(false, body.data(), body.size(), error);
  Members& members = parser.handler();
  if (!members.refused.empty()) return Problem{errc::malformed, std::string(members.refused)};
  if (error) return bad_json(error);
  return std::move(members.body);
}

}  // namespace kvs
