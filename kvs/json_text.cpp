#include "kvs/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "kvs/scan.hpp"

namespace kvs {
namespace {

constexpr char hex[] = "0123456789abcdef";
constexpr char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

unsigned char byte(char c) { return static_cast<unsigned char>(c); }
bool needs_escape(char c) { return byte(c) < 0x20 || c == '"' || c == '\\'; }

// The first byte that JSON escapes.
const char* find_escape(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    std::uint64_t word = scan::load(at);
    std::uint64_t marks = scan::below(word, 0x20) | scan::equal(word, '"') | scan::equal(word, '\\');
    if (marks != 0) return at + scan::first(marks);
  }
  while (at != end && !needs_escape(*at)) ++at;
  return at;
}

// The first byte that is no ASCII.
const char* find_non_ascii(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    if (std::uint64_t marks = scan::non_ascii(scan::load(at)); marks != 0) return at + scan::first(marks);
  }
  while (at != end && byte(*at) < 0x80) ++at;
  return at;
}

// The character that begins at `at`, where a byte from 0x80 on stands.
struct Sequence {
  int size;  // of the whole character, or of the part that one U+FFFD replaces
  bool valid;
};

// Unicode, table 3-7: which second bytes a lead byte allows.
Sequence sequence(const char* at, const char* end) {
  unsigned char lead = byte(*at);
  int size = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
  if (size == 0) return {1, false};
  unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (int i = 1; i < size; ++i) {
    if (at + i == end || byte(at[i]) < low || byte(at[i]) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {size, true};
}

// The size of the control character beyond ASCII's first ones that begins here: DEL or U+0080 to U+009F; 0: there is
// none.
std::size_t late_control(std::string_view text) {
  if (text[0] == 0x7f) return 1;
  return text.size() > 1 && byte(text[0]) == 0xC2 && byte(text[1]) < 0xA0 ? 2 : 0;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += hex[byte(c) >> 4];
      out += hex[byte(c) & 15];
  }
}

void append_escaped(std::string& out, const char* at, const char* end) {
  while (true) {
    const char* special = find_escape(at, end);
    out.append(at, special);
    if (special == end) return;
    append_escape(out, *special);
    at = special + 1;
  }
}

char* put_two(char* to, unsigned number) {
  *to++ = static_cast<char>('0' + number / 10);
  *to++ = static_cast<char>('0' + number % 10);
  return to;
}

char* put(char* to, char c) {
  *to = c;
  return to + 1;
}

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i) values[static_cast<unsigned char>(base64[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr auto base64_values = make_base64_values();

}  // namespace

bool is_utf8(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  while ((at = find_non_ascii(at, end)) != end) {
    Sequence found = sequence(at, end);
    if (!found.valid) return false;
    at += found.size;
  }
  return true;
}

void append_json_string(std::string& out, std::string_view utf8) {
  out += '"';
  append_escaped(out, utf8.data(), utf8.data() + utf8.size());
  out += '"';
}

void append_json_string_replacing(std::string& out, std::string_view bytes) {
  const char* done = bytes.data();
  const char* at = done;
  const char* end = at + bytes.size();
  out += '"';
  while ((at = find_non_ascii(at, end)) != end) {
    Sequence found = sequence(at, end);
    if (!found.valid) {
      append_escaped(out, done, at);
      out += "\xEF\xBF\xBD";
      done = at + found.size;
    }
    at += found.size;
  }
  append_escaped(out, done, end);
  out += '"';
}

std::string fit_for_terminal(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::size_t control = json[0] == '\n' ? 0 : control_size(json);
    const std::size_t size = std::max<std::size_t>(control, 1);
    if (control == 0) {
      out += json[0];
    } else {
      const unsigned char code = byte(json[control - 1]);
      (out += "\\u00") += {hex[code >> 4], hex[code & 15]};
    }
    json.remove_prefix(size);
  }
  return out;
}

std::size_t control_size(std::string_view utf8) { return byte(utf8[0]) < 0x20 ? 1 : late_control(utf8); }

void append_json_member(std::string& out, std::string_view name, std::string_view bytes) {
  out += '"';
  out += name;
  if (is_utf8(bytes)) {
    out += "\":";
    append_json_string(out, bytes);
  } else {
    out += "_base64\":\"";
    append_base64(out, bytes);
    out += '"';
  }
}

void append_base64(std::string& out, std::string_view bytes) {
  std::size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  const char* from = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, from += 3) {
    unsigned group = byte(from[0]) << 16U | byte(from[1]) << 8U | byte(from[2]);
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = base64[group >> shift & 63];
  }
  if (left == 0) return;
  unsigned group = byte(from[0]) << 16U | (left == 2 ? byte(from[1]) << 8U : 0);
  *to++ = base64[group >> 18 & 63];
  *to++ = base64[group >> 12 & 63];
  *to++ = left == 2 ? base64[group >> 6 & 63] : '=';
  *to++ = '=';
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return bytes;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  bytes.reserve(text.size() * 3 / 4);
  unsigned bits = 0;
  int count = 0;
  for (char c : text) {
    int value = base64_values[byte(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFF;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xFF);
    }
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void write_time(char* to, LogTime time) {
  using namespace std::chrono;
  auto day = floor<days>(time);
  year_month_day date(day);
  auto ms = static_cast<unsigned>((time - day).count());  // of the day
  auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  to = put_two(put_two(to, year / 100 % 100), year % 100);
  to = put_two(put(to, '-'), static_cast<unsigned>(date.month()));
  to = put_two(put(to, '-'), static_cast<unsigned>(date.day()));
  to = put_two(put(to, 'T'), ms / 3'600'000);
  to = put_two(put(to, ':'), ms / 60'000 % 60);
  to = put_two(put(to, ':'), ms / 1000 % 60);
  to = put(put(to, '.'), static_cast<char>('0' + ms / 100 % 10));
  put(put_two(to, ms % 100), 'Z');
}

void append_time(std::string& out, LogTime time) {
  char text[time_text_size];
  write_time(text, time);
  out.append(text, sizeof text);
}

void append_hex16(std::string& out, std::uint64_t number) {
  char digits[16];
  for (int i = 15; i >= 0; --i, number >>= 4) digits[i] = hex[number & 15];
  out.append(digits, sizeof digits);
}

std::string to_string(LogId id) {
  std::string text;
  append_hex16(text, number(id));
  return text;
}

std::optional<std::uint64_t> parse_hex16(std::string_view text) {
  std::uint64_t value = 0;
  if (text.size() != 16) return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  return value;
}

}  // namespace kvs
