// SIGHUP: settings are read again, and a few of them taken in.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <csignal>

#include "kvs/cmd/serve_certificate.hpp"
#include "kvs/cmd/serve_log.hpp"
#include "kvs/cmd/serving.hpp"
#include "kvs/cmd/settings.hpp"
#include "kvs/log.hpp"

namespace kvs {
namespace {

// What Serving::take_in() takes in.
constexpr std::array<std::string_view, 2> taken_in{"log-level", "cors-origin"};

bool is_taken_in(const Option& option) { return std::ranges::find(taken_in, option.name) != taken_in.end(); }

struct Reloaded {
  ServeOptions options;              // all of them as they would be after a restart
  std::vector<std::string> waiting;  // names of settings that changed but want a restart
};

// Flags and environment as they were, the config file as it is now. Throws UsageError as a start would.
Reloaded read_again(const Settings& running) {
  Settings fresh = running.read_again();
  Reloaded reloaded{serve_options(fresh), {}};
  for (const Option& option : all_options()) {
    if (!goes_with(option, Verb::serve) || is_taken_in(option)) continue;
    if (fresh.list(option.name) != running.list(option.name)) reloaded.waiting.emplace_back(option.name);
  }
  return reloaded;
}

// Whether it went well; what went wrong is logged.
template <class Step>
bool attempt(std::string_view complaint, Step step) {
  try {
    step();
    return true;
  } catch (const std::exception& error) {
    log::error(complaint, {{"error", error.what()}});
    return false;
  }
}

}  // namespace

awaitable<void> Serving::follow_hangups() {
  boost::system::error_code error;
  while (!ending_ && !error) {
    co_await hangups_->async_wait(asio::redirect_error(use_awaitable, error));
    if (error || ending_) continue;
    if (on_terminal_ && isatty(STDERR_FILENO) == 0) {  // its window was closed: nobody means us to stay
      std::raise(SIGTERM);
    } else {
      read_settings_again();
    }
  }
}

// Each part by itself: a mistake in one of the files keeps nothing that the others say from being taken in, above all
// not that somebody may come in no more.
void Serving::read_settings_again() {
  if (ready_) notifier_.reloading();
  bool all = attempt("the auth file cannot be read again; the tokens it had go on", [this] { read_auth_file(); });
  on_all(&Worker::revoke_all);
  all &= attempt("the certificate cannot be read again; the one there was goes on", [this] { read_certificate(); });
  all &= attempt("the settings cannot be read again; those there were go on", [this] { read_settings(); });
  if (all) log::info("settings read again");
  if (ready_) notifier_.ready("serving");
}

// From now on it is as the file says; what is wrong there changes nothing.
void Serving::read_auth_file() {
  if (options_.auth_file.empty()) return;
  auto table = AuthTable::load(options_.auth_file);
  if (!table) throw UsageError(table.error().detail);
  counters_.access.replace(std::make_shared<const AuthTable>(std::move(*table)));
}

// Likewise.
void Serving::read_certificate() {
  if (!counters_.tls) return;
  counters_.tls->reload();
  log_certificate(*counters_.tls, std::chrono::system_clock::now());
}

// Likewise.
void Serving::read_settings() {
  Reloaded reloaded = read_again(settings_);
  take_in(reloaded.options);
  for (const std::string& name : reloaded.waiting)
    log::warn("a changed setting waits for a restart", {{"setting", name}});
}

// What changes without a restart.
void Serving::take_in(const ServeOptions& options) {
  set_log_level(options.log_level);
  for (auto& worker : workers_) {
    asio::post(worker->executor(),
               [one = worker.get(), origins = options.cors_origins]() mutable { one->let_in(std::move(origins)); });
  }
}

}  // namespace kvs
