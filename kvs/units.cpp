#include "kvs/units.hpp"

#include <array>
#include <charconv>

namespace kvs {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<Unit, 5> time_units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> size_units{
    {{"TiB", std::uint64_t{1} << 40}, {"GiB", std::uint64_t{1} << 30}, {"MiB", std::uint64_t{1} << 20}, {"KiB", 1024}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

template <class Predicate>
std::string_view take_while(std::string_view& text, Predicate predicate) {
  std::size_t size = 0;
  while (size < text.size() && predicate(text[size])) ++size;
  auto taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

Problem bad(std::string detail) { return {errc::bad_parameter, std::move(detail)}; }
std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

Problem bad_duration(std::string_view text) {
  return bad(quoted(text) + " is no duration: write a number with a unit, like 500ms, 0.5s, 30s, 1h30m or 7d");
}

Problem bad_size(std::string_view text) {
  return bad(quoted(text) + " is no size: write bytes, or a whole number with KiB, MiB, GiB or TiB, like 64KiB");
}

// `number` of `factor` milliseconds, in milliseconds; exact to the digit for what a person writes.
std::optional<double> scaled(std::string_view number, std::uint64_t factor) {
  double value = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  if (!is_digit(number.front()) || !is_digit(number.back())) return std::nullopt;
  return value * static_cast<double>(factor);
}

}  // namespace

result<milliseconds> parse_duration(std::string_view text) {
  auto rest = text;
  double total = 0;
  const Unit* smallest = nullptr;  // units fall from one part to the next
  if (rest.empty()) return bad_duration(text);
  while (!rest.empty()) {
    auto number = take_while(rest, [](char c) { return is_digit(c) || c == '.'; });
    auto name = take_while(rest, is_letter);
    if (number.empty()) return bad_duration(text);
    const Unit* unit = smallest == nullptr ? time_units.data() : smallest + 1;
    while (unit != time_units.data() + time_units.size() && unit->name != name) ++unit;
    if (unit == time_units.data() + time_units.size()) return bad_duration(text);
    auto part = scaled(number, unit->factor);
    if (!part) return bad_duration(text);
    total += *part;
    smallest = unit;
  }
  if (total > static_cast<double>(max_duration.count())) return bad(quoted(text) + " is too long: at most 36500d");
  return milliseconds(static_cast<std::int64_t>(total + 0.5));
}

std::string format_duration(milliseconds duration) {
  if (duration.count() == 0) return "0s";
  std::string text;
  auto left = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) {
    text = '-';
    left = 0 - left;
  }
  for (const auto& unit : time_units) {
    if (auto count = left / unit.factor; count != 0) (text += std::to_string(count)) += unit.name;
    left %= unit.factor;
  }
  return text;
}

result<std::uint64_t> parse_size(std::string_view text) {
  auto name = text;
  auto digits = take_while(name, is_digit);
  std::uint64_t number = 0;
  auto error = std::from_chars(digits.data(), digits.data() + digits.size(), number).ec;
  std::uint64_t factor = name.empty() ? 1 : 0;
  for (const auto& unit : size_units) {
    if (unit.name == name) factor = unit.factor;
  }
  if (digits.empty() || factor == 0) return bad_size(text);
  if (error != std::errc{} || number > INT64_MAX / factor) return bad(quoted(text) + " is too large: below 8388608TiB");
  return number * factor;
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& unit : size_units) {
    if (bytes != 0 && bytes % unit.factor == 0) return std::to_string(bytes / unit.factor) + std::string(unit.name);
  }
  return std::to_string(bytes);
}

result<bool> parse_boolean(std::string_view text) {
  if (text.empty() || text == "1" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  return bad(quoted(text) + " is neither true nor false: write 1, true, 0, false, or the bare name for true");
}

result<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return bad(quoted(text) + " is no number: write decimal digits only");
  if (error != std::errc{} || number > max) return bad(quoted(text) + " is too large: at most " + std::to_string(max));
  return number;
}

}  // namespace kvs
