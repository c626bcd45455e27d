// Answers out: status line, fields and body appended to the connection's buffer; and the problem document.
//   append_status(out, 200); append_field(out, "Content-Type", type); append_body(out, text);
#pragma once
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"
#include "kvs/json_text.hpp"

namespace kvs {

// "HTTP/1.1 200 OK\r\n", static text. Knows every status we send; anything else becomes 500.
std::string_view status_line(int status);
std::string_view reason_phrase(int status);

// The statuses we send, by index: for whoever counts them.
inline constexpr std::size_t statuses = 34;
std::size_t status_index(int status);
int status_at(std::size_t index);

inline void append_status(std::string& out, int status) { out += status_line(status); }
inline void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}
inline void append_field(std::string& out, std::string_view name, std::uint64_t value) {
  out.append(name).append(": ");
  append_number(out, value);
  out.append("\r\n");
}
// ETag: "42"
void append_etag(std::string& out, std::uint64_t revision);
// Content-Length, the blank line, the body. For HEAD and 304 give the body's size to append_head_end alone.
void append_body(std::string& out, std::string_view body);
void append_head_end(std::string& out, std::uint64_t content_length);
// The head of an answer without a body and without Content-Length (101, 204, 304, streams).
inline void append_head_end(std::string& out) { out.append("\r\n"); }

// Whether a client's text may go out in a field: visible ASCII, blank and tab, bytes above 0x7F.
bool is_field_value(std::string_view text);

// Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, 5.6.7). Keep it for a second.
std::string http_date(std::time_t time);

// The one place where our errors become HTTP statuses.
int http_status(errc code);
// A few words that are the same for every problem of that code.
std::string_view title(errc code);

// An application/problem+json body (RFC 9457): {"type","title","status","detail","code","request_id"} and `extra`,
// which is the text of further members ("\"current_revision\":7"), or empty. detail and request_id: any bytes. `status`
// is for the few problems whose status is not that of their code (501, 505, 417).
void append_problem(std::string& out, errc code, std::string_view detail, std::string_view request_id,
                    std::string_view extra = {}, int status = 0);

}  // namespace kvs
