#include "kvs/net/head.hpp"

#include "kvs/net/head_parser.hpp"

namespace kvs {

HeadResult parse_head(std::string_view buffer, RequestHead& head, std::size_t seen) {
  // What the earlier call stopped at can only have ended with a line, or with one limit passed.
  bool no_new_line = seen != 0 && buffer.find('\n', seen) == std::string_view::npos;
  bool limit_passed = buffer.size() >= max_head_size || (seen <= max_request_line && buffer.size() > max_request_line);
  if (no_new_line && !limit_passed) return {HeadResult::Kind::need_more};
  return HeadParser(buffer, head).parse();
}

std::string_view RequestHead::list(Known known, std::string& scratch) const {
  if (!repeated(known)) return value(known);
  scratch.clear();
  auto name = field(known_[index(known)] - 1U).name;
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (std::size_t i = 0; i < field_count_; ++i) {
    auto [other, text] = field(i);
    if (!equals_ignoring_case(other, lower)) continue;
    if (!scratch.empty()) scratch += ", ";
    scratch += text;
  }
  return scratch;
}

std::optional<std::string_view> RequestHead::find(std::string_view name) const {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (std::size_t i = 0; i < field_count_; ++i) {
    if (equals_ignoring_case(field(i).name, lower)) return field(i).value;
  }
  return std::nullopt;
}

}  // namespace kvs
