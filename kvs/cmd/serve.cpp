#include "kvs/cmd/serve.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <future>
#include <iostream>
#include <thread>

#include "kvs/bus/kafka_bus.hpp"
#include "kvs/bus/local_bus.hpp"
#include "kvs/cmd/bootstrap.hpp"
#include "kvs/cmd/exit_code.hpp"
#include "kvs/cmd/serve_log.hpp"
#include "kvs/cmd/serve_notifier.hpp"
#include "kvs/cmd/serve_process.hpp"
#include "kvs/cmd/serve_reload.hpp"
#include "kvs/cmd/serve_watchdog.hpp"
#include "kvs/json_text.hpp"
#include "kvs/log.hpp"
#include "kvs/net/server.hpp"
#include "kvs/net/starting.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/store.hpp"
#include "kvs/units.hpp"

namespace kvs {

namespace {

using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

constexpr std::uint64_t digest_every = 1000;         // commands
constexpr std::chrono::milliseconds look_again{10};  // while waiting for connections to end
constexpr std::chrono::seconds last_grace{1};        // for connections that were cut
constexpr std::chrono::seconds tell_start_every{5};  // the service manager
constexpr std::chrono::seconds start_patience{30};   // of the service manager, while the start makes progress

ServerOptions server_options(const ServeOptions& options) {
  ServerOptions server;
  server.max_value_size = options.max_value_size;
  server.max_connections = connections_in_reach(options.max_connections);
  server.history_memory = options.history_memory;
  server.max_memory = options.max_memory;
  server.allowed_hosts = options.allowed_hosts;
  server.cors_origins = options.cors_origins;
  server.ui = options.ui;
  server.topic = options.kafka_topic;
  server.instance = options.instance;
  server.access_log = options.access_log;
  server.log_keys = options.log_keys;
  if (options.ephemeral) {
    server.fsync = "ephemeral";
  } else if (options.fsync == FsyncMode::never) {
    server.fsync = "never";
  } else if (options.fsync == FsyncMode::interval) {
    server.fsync = format_duration(options.fsync_interval);
  }
  return server;
}

StoreOptions store_options(const ServeOptions& options) {
  StoreOptions store;
  if (!options.ephemeral) store.directory = options.data_dir;
  store.sync.interval = options.fsync_interval;
  if (options.fsync == FsyncMode::never) store.sync.when = SyncPolicy::When::never;
  if (options.fsync == FsyncMode::interval) store.sync.when = SyncPolicy::When::interval;
  store.journal.history_bytes = options.history_bytes;
  store.state.tombstones = options.tombstones;
  store.state.answers = options.idempotency_window;
  store.state.memory = options.max_memory;
  if (options.bus == "kafka") {
    store.digest_every = digest_every;
  } else {
    store.state.digests = false;  // alone there is nobody to compare with
  }
  return store;
}

std::unique_ptr<Bus> make_bus(const ServeOptions& options) {
  if (options.bus != "kafka") return std::make_unique<LocalBus>();
  check_kafka_clients(options.kafka);
  return std::make_unique<KafkaBus>(options.kafka);
}

// Owns everything the server consists of, in the order in which it stands on each other.
class Serving {
 public:
  Serving(const Settings& settings, const ServeOptions& options)
      : settings_(settings),
        options_(options),
        server_options_(server_options(options)),
        bus_(make_bus(options)),
        store_(store_options(options), files_, *bus_),
        notifier_(options.notify_socket) {
    read_auth_file();
    if (!options.tls.certificate.empty())
      counters_.tls = std::make_shared<TlsContext>(TlsContext::Side::server, options.tls);
    for (unsigned thread = 0; thread < options.threads; ++thread) {
      workers_.push_back(std::make_unique<Worker>(store_, server_options_, counters_, thread));
    }
    server_.emplace(workers_, server_options_, counters_);
    watchdog_.emplace(notifier_, options.watchdog, first().executor(), watched_threads());
  }

  int run();

 private:
  Worker& first() { return *workers_.front(); }
  void open_listeners();
  void say_durability() const;
  void banner(const std::vector<std::string>& urls) const;
  std::vector<Executor> watched_threads();
  awaitable<void> tell_of_start();
  void run_writer();
  void loaded(Clock::duration load);
  void say_ready(Clock::duration load) const;
  void became_ready();
  void write_last_snapshot();
  void writer_ended();
  awaitable<void> wait_for_signal();
  awaitable<void> follow_hangups();
  void read_settings_again();
  void take_in(const ServeOptions& options);
  void read_auth_file();
  awaitable<void> shut_down();
  awaitable<bool> connections_end(Clock::time_point deadline, bool watches_too);
  void on_all(void (Worker::*what)());
  void end_threads();

  const Settings& settings_;
  const ServeOptions& options_;
  const ServerOptions server_options_;
  ServerCounters counters_;
  PosixFiles files_;
  asio::io_context writer_{1};
  std::unique_ptr<Bus> bus_;  // reads on the writer's thread
  Store store_;
  Workers workers_;
  std::optional<Server> server_;
  const Notifier notifier_;
  std::optional<Watchdog> watchdog_;
  std::optional<Timer> start_timer_;
  std::optional<asio::basic_signal_set<Executor>> signals_;
  std::optional<asio::basic_signal_set<Executor>> hangups_;
  Clock::time_point deadline_ = Clock::time_point::max();  // of the polite end, once that has begun
  std::vector<asio::executor_work_guard<Executor>> guards_;
  std::exception_ptr load_error_;
  std::atomic<std::size_t> unready_{0};  // threads that do not serve the loaded data yet
  const bool on_terminal_ = isatty(STDERR_FILENO) != 0;
  bool ready_ = false;        // the first worker's thread
  bool ending_ = false;       // the same
  bool writer_gone_ = false;  // the same
  std::atomic<bool> forced_{false};
};

int Serving::run() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is a full disk: an error of write()
  for (auto& worker : workers_) guards_.emplace_back(worker->executor());
  signals_.emplace(first().executor(), SIGINT, SIGTERM);
  hangups_.emplace(first().executor(), SIGHUP);
  start_timer_.emplace(first().executor());
  open_listeners();
  asio::co_spawn(first().executor(), wait_for_signal(), [](std::exception_ptr) {});
  asio::co_spawn(first().executor(), follow_hangups(), [](std::exception_ptr) {});
  asio::co_spawn(first().executor(), tell_of_start(), [](std::exception_ptr) {});
  std::thread writer([this] { run_writer(); });
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < workers_.size(); ++i) threads.emplace_back([this, i] { workers_[i]->context().run(); });
  first().context().run();
  for (auto& thread : threads) thread.join();
  writer.join();
  if (load_error_) std::rethrow_exception(load_error_);
  write_last_snapshot();
  log::info("stopped", {{"revision", number(first().view().state().revision())}});
  return exit_code::ok;
}

void Serving::open_listeners() {
  std::vector<std::string> urls;
  for (const ListenAddress& address : options_.listen) urls.push_back(server_->listen(address));
  server_->start();
  for (const auto& url : urls) log::info("listening", {{"url", url}});
  say_durability();
  if (on_terminal_) banner(urls);
}

void Serving::say_durability() const {
  if (options_.bus == "kafka") {
    if (options_.ephemeral) log::warn("every start reads the whole topic (--ephemeral)");
  } else if (options_.ephemeral) {
    log::warn("nothing is kept: the data is gone when this process ends (--ephemeral)");
  } else if (options_.fsync != FsyncMode::always) {
    log::warn("a power cut may lose acknowledged writes (--fsync is not always)", {{"fsync", server_options_.fsync}});
  }
  if (options_.allow_anonymous && options_.auth_file.empty())
    log::warn("everybody who reaches a listener may read and write (--allow-anonymous)");
  if (settings_.on("allow-plaintext") && !counters_.tls)
    log::warn("whoever is on the way may read along, tokens too (--allow-plaintext)");
  if (server_options_.max_connections < options_.max_connections) {
    log::write(
        settings_.given("max-connections") ? log::Level::warn : log::Level::info,
        "fewer connections than --max-connections: no more files may be open at a time (ulimit -n, LimitNOFILE=)",
        {{"connections", std::uint64_t{server_options_.max_connections}}});
  }
  if (geteuid() == 0) log::warn("running as root; a user of its own is enough");
}

void Serving::banner(const std::vector<std::string>& urls) const {
  std::string url = urls.front();
  std::cerr << "\n  kvs " KVS_VERSION "   bus: " << options_.bus
            << "   data: " << (options_.ephemeral ? "in memory only" : options_.data_dir.string()) << "\n";
  for (const auto& one : urls) std::cerr << "  " << one << "\n";
  std::string target = url.starts_with("unix:") ? "--unix-socket " + url.substr(5) + " http://localhost" : url;
  std::cerr << "\n  try:  echo -n Ahmedabad | curl -T - " << target << "/v1/kv/City\n\n";
}

void Serving::run_writer() {
  try {
    auto began = Clock::now();
    store_.load(writer_.get_executor());
    asio::co_spawn(writer_, store_.run([this, began] { loaded(Clock::now() - began); }), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    writer_.run();
  } catch (...) {
    load_error_ = std::current_exception();
  }
  asio::post(first().executor(), [this] { writer_ended(); });
}

std::vector<Executor> Serving::watched_threads() {
  std::vector<Executor> threads{writer_.get_executor()};
  for (auto& worker : workers_) threads.push_back(worker->executor());
  return threads;
}

// A start may take as long as it makes progress; a bus that is away is waited for.
awaitable<void> Serving::tell_of_start() {
  std::optional<std::uint64_t> before;
  while (!ready_ && !ending_) {
    Loading loading = store_.loading();
    bool moves = before != loading.done_bytes || loading.done_bytes == loading.all_bytes;
    if (moves) notifier_.starting(starting_text(store_), start_patience);
    before = loading.done_bytes;
    start_timer_->expires_after(tell_start_every);
    boost::system::error_code ignored;
    co_await start_timer_->async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

// On the writer's thread. Every I/O thread has been told; when all have taken note, clients are served.
void Serving::loaded(Clock::duration load) {
  say_ready(load);
  unready_ = workers_.size();
  for (auto& worker : workers_) {
    asio::post(worker->executor(), [this] {
      if (--unready_ == 0) asio::post(first().executor(), [this] { became_ready(); });
    });
  }
}

void Serving::became_ready() {
  ready_ = true;
  start_timer_->cancel();
  if (ending_) return;
  notifier_.ready("serving");
  watchdog_->start();
}

void Serving::say_ready(Clock::duration load) const {
  State state;
  std::uint64_t version = 0;
  store_.refresh(state, version);
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(load);
  log::info("ready", {{"revision", number(state.revision())},
                      {"keys", std::uint64_t{state.size()}},
                      {"log_id", to_string(store_.log_id())},
                      {"load_ms", static_cast<std::uint64_t>(took.count())}});
}

// A signal ends the process from here on: the journal has everything, the snapshot is for the next start's speed.
void Serving::write_last_snapshot() {
  signals_.reset();
  hangups_.reset();
  if (forced_ || store_.phase() == Phase::failed) return;
  std::stop_source stop;
  auto written = std::async(std::launch::async, [&] { store_.write_last_snapshot(stop.get_token()); });
  if (written.wait_until(deadline_) == std::future_status::timeout) stop.request_stop();
  written.get();
}

void Serving::writer_ended() {
  writer_gone_ = true;
  if (!std::exchange(ending_, true)) {  // it could not load: nothing to serve
    on_all(&Worker::abort_all);
    server_->stop_accepting();
    end_threads();
  }
}

awaitable<void> Serving::wait_for_signal() {
  boost::system::error_code error;
  co_await signals_->async_wait(asio::redirect_error(use_awaitable, error));
  if (error || std::exchange(ending_, true)) co_return;
  log::info("stopping");
  signals_->async_wait([this](boost::system::error_code again, int) {
    if (again) return;
    log::warn("stopping at once, by a second signal");
    forced_ = true;
  });
  co_await shut_down();
}

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

void Serving::read_settings_again() {
  if (ready_) notifier_.reloading();
  try {
    Reloaded reloaded = read_again(settings_);
    take_in(reloaded.options);
    for (const std::string& name : reloaded.waiting)
      log::warn("a changed setting waits for a restart", {{"setting", name}});
    log::info("settings read again");
  } catch (const std::exception& error) {
    log::error("the settings cannot be read again; those there were go on", {{"error", error.what()}});
  }
  if (ready_) notifier_.ready("serving");
}

// From now on it is as the file says; what is wrong there changes nothing.
void Serving::read_auth_file() {
  if (options_.auth_file.empty()) return;
  auto table = AuthTable::load(options_.auth_file);
  if (!table) throw UsageError(table.error().detail);
  counters_.access.replace(std::make_shared<const AuthTable>(std::move(*table)));
}

// What changes without a restart (serve_reload.cpp names it), and the files with tokens and certificates.
void Serving::take_in(const ServeOptions& options) {
  read_auth_file();
  on_all(&Worker::revoke_all);
  if (counters_.tls) counters_.tls->reload();  // last: a broken certificate must not keep a revoked token alive
  set_log_level(options.log_level);
  for (auto& worker : workers_) {
    asio::post(worker->executor(),
               [one = worker.get(), origins = options.cors_origins]() mutable { one->let_in(std::move(origins)); });
  }
}

// Polite first: finish what was asked, send watchers the last changes; forced when the time is up.
awaitable<void> Serving::shut_down() {
  Timer timer(first().executor());
  boost::system::error_code ignored;
  start_timer_->cancel();
  notifier_.stopping("draining", options_.shutdown_delay + options_.shutdown_timeout + 2 * last_grace);
  on_all(&Worker::announce_leave);
  auto delay_end = Clock::now() + options_.shutdown_delay;
  while (Clock::now() < delay_end && !forced_) {
    timer.expires_after(look_again);
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
  auto deadline = deadline_ = Clock::now() + options_.shutdown_timeout;
  server_->stop_accepting();
  on_all(&Worker::drain);
  co_await connections_end(Clock::now() + options_.shutdown_timeout / 2, false);
  watchdog_->end_is_near();
  store_.stop();
  bool polite = co_await connections_end(deadline, true);
  if (!polite) {
    log::warn("cutting the connections that are left", {{"connections", counters_.connections.load()}});
    forced_ = true;
    on_all(&Worker::abort_all);
    auto grace = Clock::now() + last_grace;
    while (counters_.connections.load() != 0 && Clock::now() < grace) {
      timer.expires_after(look_again);
      co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
    }
    if (counters_.connections.load() != 0) std::_Exit(exit_code::ok);  // what is durable is durable
  }
  while (!writer_gone_) {
    if (forced_ || Clock::now() >= deadline + last_grace) std::_Exit(exit_code::other);  // it loads, or the disk hangs
    timer.expires_after(look_again);
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
  end_threads();
}

awaitable<bool> Serving::connections_end(Clock::time_point deadline, bool watches_too) {
  Timer timer(first().executor());
  for (;;) {
    std::uint64_t left = counters_.connections.load();
    if (!watches_too) left -= std::min(left, counters_.watchers.load());
    if (left == 0) co_return true;
    if (forced_ || Clock::now() >= deadline) co_return false;
    timer.expires_after(look_again);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
}

void Serving::on_all(void (Worker::*what)()) {
  for (auto& worker : workers_) {
    asio::post(worker->executor(), [one = worker.get(), what] { (one->*what)(); });
  }
}

void Serving::end_threads() {
  boost::system::error_code ignored;
  signals_->cancel(ignored);
  hangups_->cancel(ignored);
  start_timer_->cancel();
  watchdog_->stop();
  for (auto& worker : workers_) {
    asio::post(worker->executor(), [one = worker.get()] { one->view().timeouts().stop(); });
  }
  guards_.clear();
}

int run_once(const Settings& settings, const ServeOptions& options) {
  Serving serving(settings, options);
  return serving.run();
}

// An instance that the topic does not reach back to comes in by another one's snapshot. Once: if that is no help, more
// of it is none either.
int run(const Settings& settings, const ServeOptions& options) {
  try {
    return run_once(settings, options);
  } catch (const BusTrimmed& trimmed) {
    if (options.bootstrap_from.empty() || options.ephemeral) throw;
    log::warn(trimmed.what());
  }
  bootstrap(options);
  return run_once(settings, options);
}

}  // namespace

int serve(const Settings& settings, const ServeOptions& options) {
  give_up_privileges();
  configure_log(options);
  try {
    return run(settings, options);
  } catch (const DamagedData& error) {
    log::error(error.what());
    return exit_code::bad_data;
  } catch (const KafkaConfigError& error) {
    log::error(error.what());
    return exit_code::usage;
  } catch (const UsageError& error) {
    log::error(error.what());
    return exit_code::usage;
  } catch (const std::exception& error) {
    log::error(error.what());
    return exit_code::other;
  }
}

}  // namespace kvs
