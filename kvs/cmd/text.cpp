#include "kvs/cmd/text.hpp"

#include <algorithm>
#include <array>

#include "kvs/json_text.hpp"

namespace kvs {
namespace {

struct Range {
  char32_t first, last;
};

// Controls, and the marks that turn the direction of writing (Unicode, 9).
constexpr std::array<Range, 6> unsafe{
    {{0, 0x1F}, {0x7F, 0x9F}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}}};
// The bulk of what terminals draw two columns wide (Unicode, East Asian Width W and F).
constexpr std::array<Range, 8> wide{{{0x1100, 0x115F},
                                     {0x2E80, 0xA4CF},
                                     {0xAC00, 0xD7A3},
                                     {0xF900, 0xFAFF},
                                     {0xFE30, 0xFE6F},
                                     {0xFF00, 0xFF60},
                                     {0x1F300, 0x1FAFF},
                                     {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 4> combining{{{0x300, 0x36F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

template <class Ranges>
bool within(const Ranges& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](Range range) { return c >= range.first && c <= range.last; });
}

// Bytes of the character that begins with `lead`, by its leading bits.
std::size_t character_size(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

// The first character, empty if the bytes there are none.
std::string_view first_character(std::string_view bytes) {
  std::string_view character = bytes.substr(0, character_size(bytes.front()));
  return is_utf8(character) ? character : std::string_view{};
}

char32_t code_point(std::string_view character) {
  auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead;
  char32_t code = lead & (0x7FU >> character.size());
  for (char c : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
}

void append_character(std::string& out, std::string_view character, Escape how) {
  char c = character.front();
  bool reading = how == Escape::text;
  if (reading && (c == '\n' || c == '\t')) {
    out += c;
  } else if (!reading && (c == '\n' || c == '\t' || c == '\r' || c == '\\')) {
    out += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : "\\\\";
  } else if (within(unsafe, code_point(character))) {
    append_hex(out, character);
  } else {
    out += character;
  }
}

std::size_t columns_of(std::string_view character) {
  char32_t code = code_point(character);
  if (within(combining, code)) return 0;
  return within(wide, code) ? 2 : 1;
}

class Indenter {
 public:
  explicit Indenter(std::size_t spaces) : spaces_(spaces) {}

  std::string take(std::string_view json) {
    for (char c : json) next(c);
    return std::move(out_);
  }

 private:
  void next(char c) {
    if (in_string_) return within_string(c);
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') return;
    if (c == '}' || c == ']') return close(c);
    if (opened_) line();
    opened_ = c == '{' || c == '[';
    if (opened_) ++depth_;
    in_string_ = c == '"';
    out_ += c;
    if (c == ',') line();
    if (c == ':') out_ += ' ';
  }

  void within_string(char c) {
    out_ += c;
    if (c == '"' && !escape_) in_string_ = false;
    escape_ = c == '\\' && !escape_;
  }

  // An empty object or array stays {} or [].
  void close(char c) {
    if (depth_ > 0) --depth_;
    if (!opened_) line();
    opened_ = false;
    out_ += c;
  }

  void line() {
    out_ += '\n';
    out_.append(depth_ * spaces_, ' ');
  }

  std::size_t spaces_;
  std::size_t depth_ = 0;
  bool opened_ = false;  // a bracket came last
  bool in_string_ = false;
  bool escape_ = false;
  std::string out_;
};

}  // namespace

std::string escaped(std::string_view bytes, Escape how) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    std::string_view character = first_character(bytes);
    if (character.empty()) {
      append_hex(out, bytes.substr(0, 1));
      bytes.remove_prefix(1);
    } else {
      append_character(out, character, how);
      bytes.remove_prefix(character.size());
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), character_size(text.front()))))
    columns += columns_of(text.substr(0, character_size(text.front())));
  return columns;
}

std::string cut_to_width(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::size_t used = 1;  // the ellipsis
  std::size_t end = 0;
  while (end < text.size()) {
    std::string_view character = text.substr(end, character_size(text[end]));
    if (used + columns_of(character) > columns) break;
    used += columns_of(character);
    end += character.size();
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string value_cell(std::string_view value) {
  if (is_utf8(value)) return escaped(value, Escape::line);
  return "<" + std::to_string(value.size()) + (value.size() == 1 ? " byte, no text>" : " bytes, no text>");
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width) {
  std::vector<std::size_t> columns;
  for (const auto& row : rows) {
    columns.resize(std::max(columns.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) columns[i] = std::max(columns[i], display_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::size_t used = 0;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      text += row[i] + std::string(columns[i] - display_width(row[i]) + 2, ' ');
      used += columns[i] + 2;
    }
    std::size_t left = width > used + 8 ? width - used : 8;
    if (!row.empty()) text += width == 0 ? row.back() : cut_to_width(row.back(), left);
    text += '\n';
  }
  return text;
}

std::string indent_json(std::string_view json, std::size_t spaces) { return Indenter(spaces).take(json); }

}  // namespace kvs
