#include "kvs/net/answer.hpp"

#include <array>

namespace kvs {
namespace {

struct Status {
  int number;
  std::string_view line;
};
constexpr std::array<Status, statuses> all{{
    {200, "HTTP/1.1 200 OK\r\n"},
    {201, "HTTP/1.1 201 Created\r\n"},
    {304, "HTTP/1.1 304 Not Modified\r\n"},
    {404, "HTTP/1.1 404 Not Found\r\n"},
    {204, "HTTP/1.1 204 No Content\r\n"},
    {100, "HTTP/1.1 100 Continue\r\n"},
    {101, "HTTP/1.1 101 Switching Protocols\r\n"},
    {301, "HTTP/1.1 301 Moved Permanently\r\n"},
    {302, "HTTP/1.1 302 Found\r\n"},
    {307, "HTTP/1.1 307 Temporary Redirect\r\n"},
    {400, "HTTP/1.1 400 Bad Request\r\n"},
    {401, "HTTP/1.1 401 Unauthorized\r\n"},
    {403, "HTTP/1.1 403 Forbidden\r\n"},
    {405, "HTTP/1.1 405 Method Not Allowed\r\n"},
    {406, "HTTP/1.1 406 Not Acceptable\r\n"},
    {408, "HTTP/1.1 408 Request Timeout\r\n"},
    {409, "HTTP/1.1 409 Conflict\r\n"},
    {410, "HTTP/1.1 410 Gone\r\n"},
    {412, "HTTP/1.1 412 Precondition Failed\r\n"},
    {413, "HTTP/1.1 413 Content Too Large\r\n"},
    {414, "HTTP/1.1 414 URI Too Long\r\n"},
    {415, "HTTP/1.1 415 Unsupported Media Type\r\n"},
    {417, "HTTP/1.1 417 Expectation Failed\r\n"},
    {421, "HTTP/1.1 421 Misdirected Request\r\n"},
    {422, "HTTP/1.1 422 Unprocessable Content\r\n"},
    {426, "HTTP/1.1 426 Upgrade Required\r\n"},
    {429, "HTTP/1.1 429 Too Many Requests\r\n"},
    {431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
    {500, "HTTP/1.1 500 Internal Server Error\r\n"},
    {501, "HTTP/1.1 501 Not Implemented\r\n"},
    {503, "HTTP/1.1 503 Service Unavailable\r\n"},
    {504, "HTTP/1.1 504 Gateway Timeout\r\n"},
    {505, "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
    {507, "HTTP/1.1 507 Insufficient Storage\r\n"},
}};

void append_two(std::string& out, int number) {
  out += static_cast<char>('0' + number / 10);
  out += static_cast<char>('0' + number % 10);
}

}  // namespace

std::size_t status_index(int status) {
  std::size_t index = 0;
  while (index < all.size() && all[index].number != status) ++index;
  return index < all.size() ? index : status_index(500);
}

int status_at(std::size_t index) { return all[index].number; }

std::string_view status_line(int status) { return all[status_index(status)].line; }

std::string_view reason_phrase(int status) {
  auto line = status_line(status);
  line.remove_prefix(13);  // "HTTP/1.1 200 "
  line.remove_suffix(2);
  return line;
}

void append_etag(std::string& out, std::uint64_t revision) {
  out += "ETag: \"";
  append_number(out, revision);
  out += "\"\r\n";
}

void append_body(std::string& out, std::string_view body) {
  append_head_end(out, body.size());
  out += body;
}

void append_head_end(std::string& out, std::uint64_t content_length) {
  out += "Content-Length: ";
  append_number(out, content_length);
  out += "\r\n\r\n";
}

bool is_field_value(std::string_view text) {
  for (char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
  }
  return true;
}

std::string http_date(std::time_t time) {
  static constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::string text(days[parts.tm_wday]);
  text += ", ";
  append_two(text, parts.tm_mday);
  (text += ' ') += months[parts.tm_mon];
  text += ' ';
  append_number(text, static_cast<std::uint64_t>(parts.tm_year + 1900));
  text += ' ';
  append_two(text, parts.tm_hour);
  text += ':';
  append_two(text, parts.tm_min);
  text += ':';
  append_two(text, parts.tm_sec);
  return text += " GMT";
}

}  // namespace kvs
