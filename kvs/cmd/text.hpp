// Bytes made fit to be looked at: escapes, tables, indented JSON.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

enum class Escape {
  line,  // C escapes for everything that is no visible text, backslash doubled: unambiguous, and one line
  text,  // for reading: newlines, tabs and backslashes stay
};

// Control characters, bytes that are not UTF-8, and what turns the direction of writing come out escaped, so that no
// value can drive the terminal.
std::string escaped(std::string_view bytes, Escape how);

// Columns the text takes on a terminal; `text` has been escaped.
std::size_t display_width(std::string_view text);
// At most `columns` wide, an ellipsis at the end if something was cut.
std::string cut_to_width(std::string_view text, std::size_t columns);

// A value as one cell of a line: escaped, or how many bytes there are if it is no text.
std::string value_cell(std::string_view value);

// Columns two spaces apart, each as wide as its widest cell, the last one cut so that a line fits `width` (0: nothing
// is cut).
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width);

// JSON text with one member or element a line and `spaces` per level. The tokens stay as they are; `json` must be
// well-formed.
std::string indent_json(std::string_view json, std::size_t spaces);

}  // namespace kvs
