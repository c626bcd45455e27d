// Text out: JSON strings, base64, numbers and times appended to a string, without a detour through a document.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvs/revision.hpp"

namespace kvs {

// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
bool is_utf8(std::string_view text);

// A JSON string with its quotes. `utf8` must be UTF-8. Escapes only what JSON demands: quote, backslash, below U+0020.
void append_json_string(std::string& out, std::string_view utf8);
// The same for any bytes: each maximal broken part becomes U+FFFD (as the Unicode standard, 3.9, recommends).
void append_json_string_replacing(std::string& out, std::string_view bytes);
// JSON text that moves no terminal's cursor: what JSON may hold as it is, DEL and the controls U+0080 to U+009F (ISO
// 6429: U+009B begins a control sequence), is escaped as well; so are those below U+0020 but for line ends, which only
// text that is no JSON can hold.
std::string fit_for_terminal(std::string_view json);
// The bytes of the control character, one of these or below U+0020, that `utf8` begins with; 0: it is none.
std::size_t control_size(std::string_view utf8);
// A member with its colon: "name":"text" or, where the bytes are not UTF-8, "name_base64":"…". No comma.
// `name` needs no escape.
void append_json_member(std::string& out, std::string_view name, std::string_view bytes);

// RFC 4648, standard alphabet, padded.
void append_base64(std::string& out, std::string_view bytes);
// Strict: padded, no spaces, unused bits zero. nullopt otherwise.
std::optional<std::string> decode_base64(std::string_view text);

void append_number(std::string& out, std::uint64_t number);
// 2026-11-22T06:12:16.016Z (RFC 3339, UTC, always milliseconds; years 0 to 9999). No quotes.
void append_time(std::string& out, LogTime time);

// The same 24 characters, written to `to`.
inline constexpr std::size_t time_text_size = 24;
void write_time(char* to, LogTime time);

// 16 lower-case hex digits, as a log id is shown.
void append_hex16(std::string& out, std::uint64_t number);
std::string to_string(LogId id);
// Exactly 16 hex digits of either case.
std::optional<std::uint64_t> parse_hex16(std::string_view text);

}  // namespace kvs
