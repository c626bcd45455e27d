// From the start until everything is served.
#include "kvs/cmd/serve.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <csignal>
#include <iostream>
#include <thread>

#include "kvs/bus/kafka_bus.hpp"
#include "kvs/bus/local_bus.hpp"
#include "kvs/cmd/bootstrap.hpp"
#include "kvs/cmd/data_place.hpp"
#include "kvs/cmd/exit_code.hpp"
#include "kvs/cmd/listen_flag.hpp"
#include "kvs/cmd/serve_certificate.hpp"
#include "kvs/cmd/serve_log.hpp"
#include "kvs/cmd/serve_process.hpp"
#include "kvs/cmd/serving.hpp"
#include "kvs/cmd/settings.hpp"
#include "kvs/json_text.hpp"
#include "kvs/log.hpp"
#include "kvs/net/starting.hpp"
#include "kvs/units.hpp"

namespace kvs {

namespace {

constexpr std::uint64_t digest_every = 1000;         // commands
constexpr std::chrono::seconds tell_start_every{5};  // the service manager
constexpr std::chrono::seconds start_patience{30};   // of the service manager, while the start makes progress

ServerOptions server_options(const ServeOptions& options) {
  ServerOptions server;
  server.max_value_size = options.max_value_size;
  server.max_connections = connections_in_reach(options.max_connections);
  server.max_connections_per_address = options.max_connections_per_address;
  server.max_in_flight = options.max_in_flight;
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
  store.history_age = options.history_age;
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

}  // namespace

Serving::Serving(const Settings& settings, const ServeOptions& options)
    : settings_(settings),
      options_(options),
      server_options_(server_options(options)),
      bus_(make_bus(options)),
      store_(store_options(options), files_, *bus_),
      notifier_(options.notify_socket),
      on_terminal_(isatty(STDERR_FILENO) != 0) {
  read_auth_file();
  if (!options.tls.certificate.empty())
    counters_.tls = std::make_shared<TlsContext>(TlsContext::Side::server, options.tls);
  for (unsigned thread = 0; thread < options.threads; ++thread) {
    workers_.push_back(std::make_unique<Worker>(store_, server_options_, counters_, thread));
  }
  server_.emplace(workers_, server_options_, counters_);
  watchdog_.emplace(notifier_, options.watchdog, first().executor(), watched_threads());
}

int Serving::run() {
  std::signal(SIGPIPE, SIG_IGN);
  for (int number : {SIGUSR1, SIGUSR2}) std::signal(number, SIG_IGN);  // others dump or rotate by them; here nothing
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

// Before the data is loaded: a load balancer and whoever waits for the start can ask how far it is.
void Serving::open_listeners() {
  for (const ListenAddress& address : options_.listen) urls_.push_back(server_->listen(address));
  server_->start();
  for (const auto& url : urls_) log::info("listening", {{"url", url}});
  if (counters_.tls) log_certificate(*counters_.tls, std::chrono::system_clock::now());
  say_durability();
  log::info("loading: until that is done only /livez, /readyz, /metrics and /v1/status are answered",
            {{"data_dir", options_.ephemeral ? "(none)" : options_.data_dir.string()}});
}

void Serving::say_durability() const {
  if (options_.bus == "kafka") {
    if (options_.ephemeral) {
      log::warn("every start reads the whole topic (--ephemeral)");
    } else if (options_.fsync != FsyncMode::always) {
      log::info("what a power cut takes from the data directory is read again from the topic (--fsync is not always)",
                {{"fsync", server_options_.fsync}});
    }
  } else if (options_.ephemeral) {
    log::warn("nothing is kept: the data is gone when this process ends (--ephemeral)");
  } else if (options_.fsync != FsyncMode::always) {
    log::warn("a power cut may lose acknowledged writes (--fsync is not always)", {{"fsync", server_options_.fsync}});
  }
  if (options_.allow_anonymous && options_.auth_file.empty())
    log::warn("everybody who reaches a listener may read and write (--allow-anonymous)");
  const bool plaintext = settings_.on("allow-plaintext");
  const bool exposed = std::ranges::any_of(options_.listen, beyond_loopback);
  if ((plaintext || (options_.allow_anonymous && exposed)) && !counters_.tls)
    log::warn(plaintext ? "whoever is on the way may read along, tokens too (--allow-plaintext)"
                        : "whoever is on the way may read along, tokens too (--allow-anonymous)");
  if (server_options_.max_connections < options_.max_connections) {
    log::write(
        settings_.given("max-connections") ? log::Level::warn : log::Level::info,
        "fewer connections than --max-connections: no more files may be open at a time (ulimit -n, LimitNOFILE=)",
        {{"connections", std::uint64_t{server_options_.max_connections}}});
  }
  if (geteuid() == 0) log::warn("running as root; a user of its own is enough");
}

void Serving::banner() const {
  std::string url = urls_.front();
  std::cerr << "\n  kvs " KVS_VERSION "   bus: " << options_.bus
            << "   data: " << (options_.ephemeral ? "in memory only" : options_.data_dir.string()) << "\n";
  for (const auto& one : urls_) std::cerr << "  " << one << "\n";
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
  } catch (const LoadStopped&) {  // as asked
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

void Serving::on_all(void (Worker::*what)()) {
  for (auto& worker : workers_) {
    asio::post(worker->executor(), [one = worker.get(), what] { (one->*what)(); });
  }
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
  if (on_terminal_) banner();
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

namespace {

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
    if (!options.bootstrap_from || options.ephemeral) throw;
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
    check_data_place(settings, options);
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
