// What the fields of a head mean together: whose host, which body, whether the connection stays.
#include <array>
#include <charconv>

#include "kvs/net/head_parser.hpp"

namespace kvs {
namespace {

// RFC 3986, 3.2: what a host and a port may be made of. User names, paths and blanks are not among it.
constexpr auto host_bytes = [] {
  std::array<bool, 256> table{};
  for (char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~!$&'()*+,;=:[]%")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

// Calls f(token) for each member of a comma-separated list, white space trimmed, empty ones left out.
template <class F>
void for_each_member(std::string_view list, F f) {
  while (!list.empty()) {
    auto comma = list.find(',');
    auto member = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (!member.empty() && (member.front() == ' ' || member.front() == '\t')) member.remove_prefix(1);
    while (!member.empty() && (member.back() == ' ' || member.back() == '\t')) member.remove_suffix(1);
    if (!member.empty()) f(member);
  }
}

}  // namespace

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c) != lower[i]) return false;
  }
  return true;
}

bool list_names(std::string_view list, std::string_view lower) {
  bool found = false;
  for_each_member(list, [&](std::string_view member) { found = found || equals_ignoring_case(member, lower); });
  return found;
}

bool HeadParser::finish() {
  if (!finish_host() || !finish_body() || !finish_expect()) return false;
  finish_connection();
  return true;
}

bool HeadParser::finish_host() {
  if (!head_.has(Known::host) && head_.minor_version_ == 1) return malformed("HTTP/1.1 needs a Host header");
  for (char c : head_.value(Known::host)) {
    if (!host_bytes[static_cast<unsigned char>(c)]) return malformed("Host must be HOST or HOST:PORT");
  }
  for (char c : head_.view(head_.authority_)) {
    if (!host_bytes[static_cast<unsigned char>(c)])
      return malformed("the target's authority must be HOST or HOST:PORT");
  }
  return true;
}

// RFC 9112, 6: whoever guesses here lets requests be smuggled in.
bool HeadParser::finish_body() {
  bool coded = head_.has(Known::transfer_encoding);
  if (head_.has(Known::content_length)) {
    if (coded) return malformed("Content-Length and Transfer-Encoding exclude each other");
    auto text = head_.value(Known::content_length);
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
      return malformed("Content-Length must be one decimal number");
    }
    std::uint64_t length = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), length).ec != std::errc{}) length = UINT64_MAX;
    head_.content_length_ = length;
  }
  if (!coded) return true;
  if (head_.minor_version_ == 0) return malformed("HTTP/1.0 knows no Transfer-Encoding");
  auto coding = head_.value(Known::transfer_encoding);
  if (coding.empty()) return malformed("Transfer-Encoding is empty");
  if (!equals_ignoring_case(coding, "chunked")) {
    return stop(501, errc::malformed, "the only transfer coding known here is chunked");
  }
  head_.chunked_ = true;
  return true;
}

bool HeadParser::finish_expect() {
  if (!head_.has(Known::expect) || head_.minor_version_ == 0) return true;
  if (!equals_ignoring_case(head_.value(Known::expect), "100-continue")) {
    return stop(417, errc::malformed, "the only expectation known here is 100-continue");
  }
  head_.expect_continue_ = true;
  return true;
}

void HeadParser::finish_connection() {
  bool close = false, keep = false;
  for (std::size_t i = head_.has(Known::connection) ? 0 : head_.field_count_; i < head_.field_count_; ++i) {
    auto [name, value] = head_.field(i);
    if (!equals_ignoring_case(name, "connection")) continue;
    for_each_member(value, [&](std::string_view member) {
      if (equals_ignoring_case(member, "close")) close = true;
      if (equals_ignoring_case(member, "keep-alive")) keep = true;
      if (equals_ignoring_case(member, "upgrade")) head_.connection_upgrade_ = true;
    });
  }
  head_.keep_alive_ = !close && (head_.minor_version_ == 1 || keep);
  if (!head_.has(Known::upgrade) || head_.minor_version_ == 0) return;
  std::string scratch;
  head_.upgrade_websocket_ = list_names(head_.list(Known::upgrade, scratch), "websocket");
}

}  // namespace kvs
