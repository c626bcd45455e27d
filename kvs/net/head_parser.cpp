#include "kvs/net/head_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "kvs/net/known_fields.hpp"
#include "kvs/scan.hpp"

namespace kvs {
namespace {

// RFC 9110, 5.6.2.
constexpr auto token_bytes = [] {
  std::array<bool, 256> table{};
  for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_token(char c) { return token_bytes[static_cast<unsigned char>(c)]; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

const char* skip_token(const char* at, const char* end) {
  while (at != end && is_token(*at)) ++at;
  return at;
}

// The first byte that is a control, blank or DEL: what ends a target, rightly or not.
const char* find_target_end(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = scan::load(at);
    if (std::uint64_t marks = scan::below(word, 0x21) | scan::equal(word, 0x7F); marks != 0)
      return at + scan::first(marks);
  }
  while (at != end && static_cast<unsigned char>(*at) > 0x20 && *at != 0x7F) ++at;
  return at;
}

const char* find_colon(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    if (std::uint64_t marks = scan::equal(scan::load(at), ':'); marks != 0) return at + scan::first(marks);
  }
  while (at != end && *at != ':') ++at;
  return at;
}

// The first byte that is a control (tab excepted) or DEL: what ends a field's value, rightly or not.
const char* find_value_end(const char* at, const char* end) {
  while (true) {
    for (; end - at >= 8; at += 8) {
      std::uint64_t word = scan::load(at);
      if (std::uint64_t marks = scan::below(word, 0x20) | scan::equal(word, 0x7F); marks != 0) {
        at += scan::first(marks);
        break;
      }
    }
    while (at != end && static_cast<unsigned char>(*at) >= 0x20 && *at != 0x7F) ++at;
    if (at == end || *at != '\t') return at;
    ++at;
  }
}

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::get;
      if (text == "PUT") return Method::put;
      break;
    case 4:
      if (text == "HEAD") return Method::head;
      if (text == "POST") return Method::post;
      break;
    case 5:
      if (text == "PATCH") return Method::patch;
      break;
    case 6:
      if (text == "DELETE") return Method::del;
      break;
    case 7:
      if (text == "OPTIONS") return Method::options;
      break;
  }
  return Method::other;
}

}  // namespace

HeadParser::HeadParser(std::string_view buffer, RequestHead& head)
    : begin_(buffer.data()),
      at_(buffer.data()),
      end_(buffer.data() + std::min(buffer.size(), max_head_size)),
      full_(buffer.size() >= max_head_size),
      head_(head) {
  head_.base_ = begin_;
  head_.content_length_.reset();
  head_.repeated_ = 0;
  head_.path_ = head_.query_ = head_.authority_ = {};
  head_.field_count_ = 0;
  head_.chunked_ = head_.expect_continue_ = head_.connection_upgrade_ = head_.upgrade_websocket_ = false;
  head_.known_.fill(0);
}

HeadResult HeadParser::parse() {
  if (skip_empty_lines() && take_request_line() && take_fields()) finish();
  return result_;
}

bool HeadParser::stop(std::uint16_t status, errc code, std::string_view detail) {
  result_ = {HeadResult::Kind::error, status, code, detail};
  return false;
}

bool HeadParser::ran_out() {
  if (in_request_line_ && line_ != nullptr && end_ - line_ > static_cast<std::ptrdiff_t>(max_request_line)) {
    return stop(414, errc::uri_too_long, "the request line is longer than 16 KiB");
  }
  if (full_) return stop(431, errc::headers_too_large, "the request's head is longer than 32 KiB");
  result_ = {HeadResult::Kind::need_more};
  return false;
}

// RFC 9112, 2.2: some clients send an empty line after a body.
bool HeadParser::skip_empty_lines() {
  while (at_ != end_ && *at_ == '\r') {
    if (at_ + 1 == end_) return ran_out();
    if (at_[1] != '\n') return malformed("a carriage return stands alone before the request line");
    at_ += 2;
  }
  return at_ != end_ || ran_out();
}

bool HeadParser::take_request_line() {
  line_ = at_;
  if (!take_method() || !take_target() || !take_version()) return false;
  in_request_line_ = false;
  return split_target();
}

bool HeadParser::take_method() {
  const char* start = at_;
  if (end_ - at_ > 4 && std::memcmp(at_, "GET ", 4) == 0) {
    head_.method_text_ = span({start, 3});
    head_.method_ = Method::get;
    at_ += 4;
    return true;
  }
  at_ = skip_token(at_, end_);
  if (at_ == end_) return ran_out();
  if (*at_ != ' ' || at_ == start) {
    if (*at_ == '\x16' && at_ == start)
      return malformed("this looks like TLS, but here plain HTTP is spoken: use http://");
    return malformed("the request line does not begin with a method and one space");
  }
  std::string_view method(start, static_cast<std::size_t>(at_ - start));
  if (method.size() > max_request_line) return stop(414, errc::uri_too_long, "the request line is longer than 16 KiB");
  head_.method_text_ = span(method);
  head_.method_ = method_of(method);
  ++at_;
  return true;
}

bool HeadParser::take_target() {
  const char* start = at_;
  at_ = find_target_end(at_, end_);
  if (at_ == end_) return ran_out();
  if (*at_ == '\r' || *at_ == '\n') return malformed("the request line has no HTTP version");
  if (*at_ != ' ' || at_ == start)
    return malformed("the request target holds a blank or a control byte: percent-encode it");
  target_ = {start, static_cast<std::size_t>(at_ - start)};
  ++at_;
  return true;
}

bool HeadParser::take_version() {
  constexpr std::string_view usual = "HTTP/1.1\r\n";
  constexpr std::string_view shape = "HTTP/";
  std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (at_ - line_ + 8 > static_cast<std::ptrdiff_t>(max_request_line)) {
    return stop(414, errc::uri_too_long, "the request line is longer than 16 KiB");
  }
  if (rest.starts_with(usual)) {
    head_.minor_version_ = 1;
    at_ += usual.size();
    return true;
  }
  auto digit = [&](std::size_t i) { return rest.size() <= i || (rest[i] >= '0' && rest[i] <= '9'); };
  bool plausible =
      rest.substr(0, 5) == shape.substr(0, rest.size()) && digit(5) && (rest.size() <= 6 || rest[6] == '.') && digit(7);
  if (!plausible) return malformed("the request line does not end with a version like HTTP/1.1");
  if (rest.size() > 5 && rest[5] != '1')
    return stop(505, errc::malformed, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  if (rest.size() > 8 && rest[8] != '\r') return malformed("the request line does not end with CR LF");
  if (rest.size() > 9 && rest[9] != '\n')
    return malformed("a carriage return in the request line is not followed by a line feed");
  if (rest.size() < usual.size()) return ran_out();
  head_.minor_version_ = rest[7] == '0' ? 0 : 1;
  at_ += usual.size();
  return true;
}

bool HeadParser::split_target() {
  head_.target_ = span(target_);
  if (target_.front() == '/') {
    split_query(target_);
    return true;
  }
  if (target_ == "*" && head_.method_ == Method::options) {
    head_.path_ = span(target_);
    return true;
  }
  return split_absolute(target_);
}

bool HeadParser::split_absolute(std::string_view target) {
  std::size_t scheme = target.size() >= 8 && (target[4] | 0x20) == 's' ? 8 : 7;
  std::string_view expected = scheme == 8 ? "https://" : "http://";
  if (!equals_ignoring_case(target.substr(0, scheme), expected)) {
    return malformed("the request target must begin with / or http://");
  }
  target.remove_prefix(scheme);
  auto authority = target.substr(0, target.find_first_of("/?"));
  if (authority.empty() || authority.find('@') != std::string_view::npos) {
    return malformed("the request target's authority must be HOST or HOST:PORT");
  }
  head_.authority_ = span(authority);
  split_query(target.substr(authority.size()));
  return true;
}

void HeadParser::split_query(std::string_view path_and_query) {
  const void* mark = path_and_query.empty() ? nullptr : std::memchr(path_and_query.data(), '?', path_and_query.size());
  if (mark == nullptr) {
    head_.path_ = span(path_and_query);
    return;
  }
  auto path_size = static_cast<std::size_t>(static_cast<const char*>(mark) - path_and_query.data());
  head_.path_ = span(path_and_query.substr(0, path_size));
  head_.query_ = span(path_and_query.substr(path_size + 1));
}

bool HeadParser::take_fields() {
  while (at_ != end_ && *at_ != '\r') {
    if (!take_field()) return false;
  }
  if (end_ - at_ < 2) return ran_out();
  if (at_[1] != '\n') return malformed("a carriage return stands alone");
  at_ += 2;
  head_.size_ = static_cast<std::uint32_t>(at_ - begin_);
  return true;
}

bool HeadParser::take_field() {
  const char* start = at_;
  const char* colon = find_colon(at_, end_);
  std::string_view name(start, static_cast<std::size_t>(colon - start));
  std::size_t known = known_fields.size();
  if (colon == end_) {
    // No name yet, or none that is right.
  } else if (end_ - start >= static_cast<std::ptrdiff_t>(longest_known_field)) {
    known = find_known_field(start, name.size());
  } else {
    char copy[longest_known_field] = {};  // so near the end that a name's words would reach beyond it
    std::memcpy(copy, name.data(), name.size());
    known = find_known_field(copy, name.size());
  }
  if (known == known_fields.size()) {  // a known name needs no look at its bytes
    at_ = skip_token(start, colon);
    if (at_ == end_) return ran_out();
    if (at_ != colon || name.empty()) return bad_name_byte();
  }
  at_ = colon + 1;
  return take_value(name, known);
}

bool HeadParser::bad_name_byte() {
  bool first = at_[-1] == '\n';
  if (first && is_blank(*at_)) return malformed("a header field is folded over two lines: put it on one");
  if (is_blank(*at_)) return malformed("white space in a header field's name or before its colon");
  if (*at_ == '\r' || *at_ == '\n') return malformed("a header line has no colon, or ends without CR LF");
  if (first && *at_ == ':') return malformed("a header field has no name");
  return malformed("a byte that no header field's name may hold");
}

bool HeadParser::take_value(std::string_view name, std::size_t known) {
  while (at_ != end_ && is_blank(*at_)) ++at_;
  const char* start = at_;
  at_ = find_value_end(at_, end_);
  if (at_ == end_) return ran_out();
  if (*at_ == '\n') return malformed("a header line ends with a bare line feed: CR LF is needed");
  if (*at_ != '\r') return malformed("a control byte in a header field's value");
  if (at_ + 1 == end_) return ran_out();
  if (at_[1] != '\n') return malformed("a carriage return stands alone in a header field's value");
  const char* last = at_;
  while (last != start && is_blank(last[-1])) --last;
  at_ += 2;
  return keep_field(name, {start, static_cast<std::size_t>(last - start)}, known);
}

bool HeadParser::keep_field(std::string_view name, std::string_view value, std::size_t known) {
  if (head_.field_count_ == max_head_fields) {
    return stop(431, errc::headers_too_large, "more than 100 header fields");
  }
  head_.fields_[head_.field_count_++] = {span(name), span(value)};
  if (known == known_fields.size()) return true;
  std::size_t index = RequestHead::index(known_fields[known].known);
  if (head_.known_[index] == 0) {
    head_.known_[index] = head_.field_count_;
    return true;
  }
  if (!known_fields[known].repeated.empty()) return malformed(known_fields[known].repeated);
  head_.repeated_ |= 1U << index;
  return true;
}

}  // namespace kvs
