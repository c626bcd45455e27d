#include "kvs/cmd/output.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

constexpr std::size_t enough_to_write = 64 * 1024;

Form form_of(const Settings& settings, bool terminal) {
  std::string asked = settings.text("output");
  if (settings.on("json")) return Form::ndjson;
  if (asked == "json") return Form::json;
  if (asked == "ndjson") return Form::ndjson;
  if (asked == "table") return Form::table;
  if (asked == "raw") return Form::raw;
  return terminal ? Form::human : Form::machine;
}

bool wants_color(const Settings& settings, bool terminal) {
  std::string asked = settings.text("color");
  if (!settings.variable("NO_COLOR").empty() && settings.source("color") != Source::flag) return false;
  if (asked != "auto") return asked == "always";
  return terminal && settings.variable("TERM") != "dumb";
}

std::size_t width_of(const Settings& settings, int descriptor, bool terminal) {
  if (!terminal) return 0;
  auto columns = parse_number(settings.variable("COLUMNS"), 10'000);
  if (columns && *columns > 0) return *columns;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// A descriptor that somebody made non-blocking is waited for.
void wait_writable(int descriptor) {
  pollfd wanted{descriptor, POLLOUT, 0};
  poll(&wanted, 1, -1);
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      wait_writable(descriptor);
    } else if (errno == EPIPE) {
      throw OutputClosed();
    } else if (errno != EINTR) {
      throw Failure(exit_code::other, "cannot write the output: " + std::generic_category().message(errno));
    }
  }
}

}  // namespace

Output::Output(const Settings& settings, int descriptor, bool terminal)
    : descriptor_(descriptor),
      terminal_(terminal),
      own_json_(settings.on("json")),
      quiet_(settings.on("quiet")),
      color_(wants_color(settings, terminal)),
      form_(form_of(settings, terminal)),
      width_(width_of(settings, descriptor, terminal)) {}

Output::Output(const Settings& settings) : Output(settings, STDOUT_FILENO, isatty(STDOUT_FILENO) == 1) {}

void Output::write(std::string_view bytes) {
  pending_ += bytes;
  if (pending_.size() >= enough_to_write) flush();
}

void Output::flush() {
  std::string bytes;
  bytes.swap(pending_);
  write_all(descriptor_, bytes);
}

void Output::write_json(std::string_view json) {
  while (!json.empty() && json.back() == '\n') json.remove_suffix(1);
  bool indent = terminal_ && form_ != Form::ndjson;
  write_json_line(indent ? indent_json(json, 2) : std::string(json));
}

void Output::write_json_line(std::string_view json) {
  if (terminal_) {
    write(fit_for_terminal(json));
  } else {
    write(json);
  }
  write("\n");
}

std::string Output::painted(std::string_view text, std::string_view color) const {
  if (!color_) return std::string(text);
  return "\x1b[" + std::string(color) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace kvs
