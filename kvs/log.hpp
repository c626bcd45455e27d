// What the program has to say, one line a record on stderr: human on a terminal, logfmt or JSON elsewhere.
// Never values of keys. Any thread; a record is written whole.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace kvs::log {

enum class Level : std::uint8_t { debug, info, warn, error };
enum class Format : std::uint8_t { human, logfmt, json };

// A value is shown as text, a number (in JSON) as such.
struct Field {
  std::string_view name;
  std::string value;
  bool number = false;
  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(v) {}
  Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
  Field(std::string_view n, std::uint64_t v) : name(n), value(std::to_string(v)), number(true) {}
};

// Before other threads run. With `journal` somebody else notes the time, and the level stands in front as syslog's
// number in brackets (sd-daemon(3)).
void configure(Level level, Format format, bool journal = false);
// Any time, any thread.
void set_level(Level level);

// Whether stderr is the stream that systemd's journal reads: `stream` is $JOURNAL_STREAM ("DEVICE:INODE").
bool goes_to_journal(const std::string& stream);

// The line of a record, with its newline: what write() writes, for a test to read. `time` may be empty: none is shown.
std::string line(Format format, std::string_view time, Level level, std::string_view message,
                 std::initializer_list<Field> fields);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace kvs::log
