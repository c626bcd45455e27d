#include "kvs/cmd/serve_log.hpp"

#include <unistd.h>

#include "kvs/log.hpp"

namespace kvs {
namespace {

log::Format format_of(LogFormat wanted) {
  if (wanted == LogFormat::json) return log::Format::json;
  bool people = wanted == LogFormat::automatic && isatty(STDERR_FILENO) != 0;
  return people ? log::Format::human : log::Format::logfmt;
}

}  // namespace

void configure_log(const ServeOptions& options) {
  bool journal = log::goes_to_journal(options.journal_stream);
  log::configure(static_cast<log::Level>(options.log_level), format_of(options.log_format), journal);
}

void set_log_level(LogLevel level) { log::set_level(static_cast<log::Level>(level)); }

}  // namespace kvs
