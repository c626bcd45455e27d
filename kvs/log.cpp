#include "kvs/log.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>

namespace kvs::log {

namespace {

Level threshold = Level::info;
Format shape = Format::logfmt;

constexpr std::string_view names[] = {"debug", "info", "warn", "error"};

std::string_view name(Level level) { return names[static_cast<int>(level)]; }

std::string now_text() {
  using namespace std::chrono;
  auto now = time_point_cast<milliseconds>(system_clock::now());
  std::time_t seconds = system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(now.time_since_epoch().count() % 1000));
  return text;
}

// Quoted with JSON escapes: logfmt readers take the same.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += static_cast<char>(c);
    }
  }
  out += '"';
}

bool bare(std::string_view text) {
  if (text.empty()) return false;
  for (unsigned char c : text) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  }
  return true;
}

void append_logfmt(std::string& out, std::string_view key, std::string_view value) {
  if (!out.empty()) out += ' ';
  out += key;
  out += '=';
  if (bare(value)) {
    out += value;
  } else {
    append_quoted(out, value);
  }
}

void append_json(std::string& out, std::string_view key, std::string_view value) {
  out += out.empty() ? '{' : ',';
  append_quoted(out, key);
  out += ':';
  append_quoted(out, value);
}

}  // namespace

void configure(Level level, Format format) {
  threshold = level;
  shape = format;
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < threshold) return;
  std::string line;
  if (shape == Format::human) {
    line = now_text() + ' ' + std::string(name(level)) + ' ' + std::string(message);
    for (const Field& field : fields) append_logfmt(line, field.name, field.value);
  } else {
    auto append = shape == Format::json ? append_json : append_logfmt;
    append(line, shape == Format::json ? "time" : "ts", now_text());
    append(line, "level", name(level));
    append(line, "msg", message);
    for (const Field& field : fields) append(line, field.name, field.value);
    if (shape == Format::json) line += '}';
  }
  line += '\n';
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace kvs::log
