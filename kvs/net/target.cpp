#include "kvs/net/target.hpp"

#include <algorithm>

#include "kvs/limits.hpp"
#include "kvs/scan.hpp"
#include "kvs/suggest.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte the escape at `at` stands for, -1 if it is none.
int escaped(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  int high = hex_digit(text[at + 1]), low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// The first byte that is an escape's beginning or a control.
std::size_t find_special(std::string_view text) {
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = scan::load(text.data() + at);
    std::uint64_t marks = scan::below(word, 0x20) | scan::equal(word, 0x7F) | scan::equal(word, '%');
    if (marks != 0) return at + static_cast<std::size_t>(scan::first(marks));
  }
  while (at != text.size() && !is_control(text[at]) && text[at] != '%') ++at;
  return at;
}

Problem control_byte() { return {errc::bad_key, "a control byte in the path: percent-encode it"}; }

// Escapes everything but letters, digits and `as_is`.
void append_encoded(std::string& out, std::string_view text, std::string_view as_is) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (char c : text) {
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || as_is.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

// Decodes one name or value of a query. A bad escape stays as it is, and false is returned.
bool decode_component(std::string_view raw, std::string& out) {
  bool good = true;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+') {
      out += ' ';
    } else if (raw[i] != '%') {
      out += raw[i];
    } else if (int byte = escaped(raw, i); byte >= 0) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += raw[i];
      good = false;
    }
  }
  return good;
}

// Takes the next NAME or NAME=VALUE from the front of `rest`; false if its escapes are bad.
bool take_parameter(std::string_view& rest, Query::Parameter& parameter) {
  auto end = rest.find('&');
  auto piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  auto equals = piece.find('=');
  bool good = decode_component(piece.substr(0, equals), parameter.name);
  if (equals != std::string_view::npos) good = decode_component(piece.substr(equals + 1), parameter.value) && good;
  return good;
}

std::string in_quotes(std::string_view text) { return '\'' + std::string(text) + '\''; }

Problem unknown_parameter(std::string_view name, std::span<const ParameterRule> rules) {
  std::vector<std::string_view> names;
  for (const auto& rule : rules) names.push_back(rule.name);
  std::string detail = "unknown parameter " + in_quotes(name);
  if (auto nearest = closest(name, names); !nearest.empty()) {
    detail += ": did you mean " + in_quotes(nearest) + "?";
  } else if (names.empty()) {
    detail += ": this route takes none";
  } else {
    detail += ": this route takes";
    for (std::size_t i = 0; i < names.size(); ++i) (detail += i == 0 ? " " : ", ") += names[i];
  }
  return {errc::bad_parameter, std::move(detail)};
}

Problem named(std::string_view name, const Problem& problem) {
  return {problem.code, "parameter " + in_quotes(name) + ": " + problem.detail};
}

// An optional typed value from text that may not be there.
template <class T, class Parse>
result<std::optional<T>> typed(std::string_view name, std::optional<std::string_view> text, Parse parse) {
  if (!text) return std::optional<T>{};
  result<T> value = parse(*text);
  if (!value) return named(name, value.error());
  return std::optional<T>{*value};
}

}  // namespace

result<std::string_view> decode_key(std::string_view raw, std::string& scratch) {
  if (raw.empty())
    return Problem{errc::empty_key, "a key has at least one byte: name it in the path, as in /v1/kv/KEY"};
  if (std::size_t special = find_special(raw); special != raw.size()) {
    scratch.assign(raw, 0, special);
    for (std::size_t i = special; i < raw.size(); ++i) {
      if (is_control(raw[i])) return control_byte();
      int byte = raw[i] == '%' ? escaped(raw, i) : static_cast<unsigned char>(raw[i]);
      if (byte < 0) return Problem{errc::bad_key, "a % in a key is followed by two hex digits; a % itself is %25"};
      if (raw[i] == '%') i += 2;
      scratch += static_cast<char>(byte);
    }
    raw = scratch;
  }
  if (raw.size() > max_key_size) {
    return Problem{errc::key_too_large, "the key has " + std::to_string(raw.size()) + " bytes: at most " +
                                            std::to_string(max_key_size) + " are allowed"};
  }
  return raw;
}

void append_encoded_key(std::string& out, std::string_view key) { append_encoded(out, key, "-._~/!$&'()*,;=:@"); }

void append_encoded_value(std::string& out, std::string_view value) { append_encoded(out, value, "-._~/,:@"); }

std::optional<std::string_view> Query::value(std::string_view name) const {
  for (const auto& parameter : parameters_) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Query::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& parameter : parameters_) {
    if (parameter.name == name) found.push_back(parameter.value);
  }
  return found;
}

result<std::optional<std::chrono::milliseconds>> Query::duration(std::string_view name) const {
  return typed<std::chrono::milliseconds>(name, value(name), parse_duration);
}

result<std::optional<std::uint64_t>> Query::number(std::string_view name, std::uint64_t max) const {
  return typed<std::uint64_t>(name, value(name), [max](std::string_view text) { return parse_number(text, max); });
}

result<std::optional<Position>> Query::position(std::string_view name) const {
  return typed<Position>(name, value(name), parse_position);
}

result<bool> Query::flag(std::string_view name) const {
  auto given = typed<bool>(name, value(name), parse_boolean);
  if (!given) return given.error();
  return given->value_or(false);
}

result<Query> parse_query(std::string_view raw, std::span<const ParameterRule> rules) {
  Query query;
  while (!raw.empty()) {
    Query::Parameter parameter;
    bool good = take_parameter(raw, parameter);
    if (parameter.name.empty() && parameter.value.empty()) continue;  // "a=1&&b=2"
    if (!good) return Problem{errc::bad_parameter, "a % in a query is followed by two hex digits; a % itself is %25"};
    auto rule = std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.name == parameter.name; });
    if (rule == rules.end()) return unknown_parameter(parameter.name, rules);
    if (!rule->repeatable && query.value(parameter.name)) {
      return Problem{errc::bad_parameter, "parameter " + in_quotes(parameter.name) + " is given twice: give it once"};
    }
    query.parameters_.push_back(std::move(parameter));
  }
  return query;
}

Query parse_query_leniently(std::string_view raw) {
  Query query;
  while (!raw.empty()) {
    Query::Parameter parameter;
    take_parameter(raw, parameter);
    query.parameters_.push_back(std::move(parameter));
  }
  return query;
}

}  // namespace kvs
