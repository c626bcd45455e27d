#include "kvs/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "kvs/json_text.hpp"

namespace kvs::log {

namespace {

// human   := time " " level " " message (" " name "=" value)*
// logfmt  := name "=" value (" " name "=" value)*       first: ts, level, msg
// json    := an object with time, level, msg and the fields
// journal := "<" syslog's number ">" one of these without its time
// value   := bare | a JSON string (logfmt's readers take the same)

std::atomic<Level> threshold{Level::info};
Format shape = Format::logfmt;
bool journal = false;

constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
constexpr char syslog_levels[] = {'7', '6', '4', '3'};

std::string_view name(Level level) { return names[static_cast<int>(level)]; }

std::string now_text() {
  using namespace std::chrono;
  std::string text;
  append_time(text, time_point_cast<milliseconds>(system_clock::now()));
  return text;
}

bool bare(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || control_size(text.substr(i)) != 0) return false;
  }
  return is_utf8(text);
}

void append_text(std::string& out, std::string_view bytes) {
  std::string text;
  append_json_string_replacing(text, bytes);
  out += fit_for_terminal(text);
}

// Nothing of a message moves the cursor of who reads it.
std::string printable(std::string_view text) {
  std::string out;
  const bool utf8 = is_utf8(text);
  while (!text.empty()) {
    const bool stray = !utf8 && static_cast<unsigned char>(text[0]) >= 0x80;
    const std::size_t control = stray ? 1 : control_size(text);
    if (control == 0) {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    for (char c : text.substr(0, control)) {
      char code[8];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(c));
      out += code;
    }
    text.remove_prefix(control);
  }
  return out;
}

void append_logfmt(std::string& out, const Field& field) {
  if (!out.empty()) out += ' ';
  out.append(field.name).append("=");
  if (bare(field.value)) {
    out += field.value;
  } else {
    append_text(out, field.value);
  }
}

void append_json(std::string& out, const Field& field) {
  out += out.empty() ? '{' : ',';
  append_json_string_replacing(out, field.name);
  out += ':';
  if (field.number) {
    out += field.value;
  } else {
    append_text(out, field.value);
  }
}

std::string human_line(std::string_view time, Level level, std::string_view message,
                       std::initializer_list<Field> fields) {
  std::string out(time);
  if (!out.empty()) out += ' ';
  out.append(name(level)).append(" ").append(printable(message));
  for (const Field& field : fields) append_logfmt(out, field);
  return out;
}

}  // namespace

std::string line(Format format, std::string_view time, Level level, std::string_view message,
                 std::initializer_list<Field> fields) {
  std::string out;
  if (format == Format::human) {
    out = human_line(time, level, message, fields);
  } else {
    bool json = format == Format::json;
    auto append = json ? append_json : append_logfmt;
    if (!time.empty()) append(out, {json ? "time" : "ts", time});
    append(out, {"level", name(level)});
    append(out, {"msg", message});
    for (const Field& field : fields) append(out, field);
    if (json) out += '}';
  }
  return out += '\n';
}

void configure(Level level, Format format, bool to_journal) {
  threshold = level;
  shape = format;
  journal = to_journal;
}

void set_level(Level level) { threshold = level; }

bool goes_to_journal(const std::string& stream) {
  struct stat about{};
  if (stream.empty() || ::fstat(STDERR_FILENO, &about) != 0) return false;
  return stream == std::to_string(about.st_dev) + ':' + std::to_string(about.st_ino);
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  std::string text = journal ? std::string{'<', syslog_levels[static_cast<int>(level)], '>'} : std::string{};
  text += line(shape, journal ? std::string{} : now_text(), level, message, fields);
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace kvs::log
