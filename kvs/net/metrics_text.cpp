#include "kvs/net/metrics_text.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <boost/version.hpp>
#include <sstream>
#include <vector>

#include "kvs/bus/library_version.hpp"
#include "kvs/net/process_figures.hpp"

namespace kvs {

namespace {

using Family = prometheus::MetricFamily;
using Families = std::vector<Family>;
using Metric = prometheus::ClientMetric;
using Labels = std::vector<Metric::Label>;
using Type = prometheus::MetricType;

constexpr double nanosecond = 1e-9;

Family& family(Families& all, std::string name, std::string help, Type type) {
  all.push_back({std::move(name), std::move(help), type, {}});
  return all.back();
}

void add_value(Family& to, double value, Labels labels = {}) {
  Metric metric;
  metric.label = std::move(labels);
  if (to.type == Type::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  to.metric.push_back(std::move(metric));
}

void gauge(Families& all, std::string name, std::string help, double value) {
  add_value(family(all, std::move(name), std::move(help), Type::Gauge), value);
}

void counter(Families& all, std::string name, std::string help, double value) {
  add_value(family(all, std::move(name), std::move(help), Type::Counter), value);
}

// Histograms of several threads, summed up.
template <std::size_t N>
class Summed {
 public:
  explicit Summed(const typename Histogram<N>::Bounds& bounds) : bounds_(bounds) {}

  void add(const Histogram<N>& one) {
    for (std::size_t i = 0; i <= N; ++i) counts_[i] += one.count(i);
    sum_ += one.sum();
  }
  bool empty() const {
    return std::ranges::all_of(counts_, [](std::uint64_t count) { return count == 0; });
  }
  // `unit`: what one of the values counted means in the unit shown.
  Metric metric(double unit, Labels labels = {}) const {
    Metric metric;
    metric.label = std::move(labels);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < N; ++i) {
      below += counts_[i];
      metric.histogram.bucket.push_back({below, static_cast<double>(bounds_[i]) * unit});
    }
    metric.histogram.sample_count = below + counts_[N];
    metric.histogram.sample_sum = static_cast<double>(sum_) * unit;
    return metric;
  }

 private:
  const typename Histogram<N>::Bounds& bounds_;
  std::array<std::uint64_t, N + 1> counts_{};
  std::uint64_t sum_ = 0;
};

template <std::size_t N>
void histogram(Families& all, std::string name, std::string help, const Histogram<N>& one, double unit) {
  Summed<N> sum(one.bounds());
  sum.add(one);
  family(all, std::move(name), std::move(help), Type::Histogram).metric.push_back(sum.metric(unit));
}

std::string boost_version() {
  return std::to_string(BOOST_VERSION / 100'000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000) + '.' +
         std::to_string(BOOST_VERSION % 100);
}

void tell_build(Families& all) {
  add_value(family(all, "kvs_build_info", "Always 1; what this program was built from, as labels.", Type::Gauge), 1,
            {{"version", KVS_VERSION},
             {"commit", KVS_COMMIT},
             {"boost", boost_version()},
             {"librdkafka", std::string(kafka_library_version())}});
}

void tell_store(Families& all, Worker& worker) {
  Store& store = worker.store();
  const State& state = worker.view().state();
  bool ready = worker.view().ready() && store.phase() == Phase::ready && !worker.leaving();
  gauge(all, "kvs_ready", "1 while /readyz says so.", ready ? 1 : 0);
  gauge(all, "kvs_keys", "Live keys.", static_cast<double>(state.size()));
  gauge(all, "kvs_store_bytes", "Memory of the live state, bookkeeping included.",
        static_cast<double>(state.footprint()));
  gauge(all, "kvs_revision", "Newest revision applied here.", static_cast<double>(number(state.revision())));
  if (worker.view().ready()) {  // while it is loaded the journal is its writer's alone
    gauge(all, "kvs_oldest_revision", "Smallest revision a watch can go on from without a gap.",
          static_cast<double>(number(store.oldest(worker.view()))));
    gauge(all, "kvs_journal_bytes", "Size of the journal's segments on disk.",
          static_cast<double>(store.journal_bytes()));
  }
  if (const auto& directory = store.options().directory)
    if (auto free = free_disk_bytes(*directory))
      gauge(all, "kvs_disk_free_bytes", "What may still be written where the journal is.", static_cast<double>(*free));
  const StoreFigures& figures = store.figures();
  histogram(all, "kvs_commit_duration_seconds", "From a batch of commands to their changes being durable and visible.",
            figures.commits, nanosecond);
  histogram(all, "kvs_commit_batch_size", "Commands judged together.", figures.batches, 1);
  histogram(all, "kvs_snapshot_duration_seconds", "Writing a snapshot to disk.", figures.snapshots, nanosecond);
}

void tell_bus(Families& all, Worker& worker) {
  BusStatus bus = worker.store().bus_status();
  gauge(all, "kvs_bus_up", "1 while the order of commands is within reach.", bus.up ? 1 : 0);
  gauge(all, "kvs_bus_writes_refused", "1 while it takes no writes although it is up: /v1/status says why.",
        bus.writes_refused.empty() ? 0 : 1);
  if (bus.lag)
    gauge(all, "kvs_bus_lag_records", "Records of the topic not applied here yet.", static_cast<double>(*bus.lag));
  if (bus.ignored.empty()) return;
  Family& ignored =
      family(all, "kvs_bus_ignored_records_total", "Records of the topic that were left out.", Type::Counter);
  for (const BusIgnored& one : bus.ignored)
    add_value(ignored, static_cast<double>(one.count), {{"reason", std::string(one.reason)}});
}

// For each route and method that was asked for at all.
void tell_requests(Families& all, const std::vector<const Traffic*>& threads) {
  Family requests{"kvs_http_requests_total", "Answers given.", Type::Counter, {}};
  Family durations{"kvs_http_request_duration_seconds",
                   "From a complete request head to the beginning of the answer.",
                   Type::Histogram,
                   {}};
  for (std::size_t route = 0; route < routes; ++route) {
    if (Route{static_cast<std::uint8_t>(route)} == Route::unknown_v1) continue;  // counted with Route::unknown
    for (std::size_t method = 0; method < methods; ++method) {
      Route at = static_cast<Route>(route);
      Method how = static_cast<Method>(method);
      Labels labels{{"method", std::string(to_string(how))}, {"route", std::string(path_template(at))}};
      Summed<16> took(duration_bounds);
      for (const Traffic* thread : threads) took.add(thread->answers(at, how).durations);
      if (!took.empty()) durations.metric.push_back(took.metric(nanosecond, labels));
      for (std::size_t status = 0; status < statuses; ++status) {
        std::uint64_t count = 0;
        for (const Traffic* thread : threads) count += thread->answers(at, how).by_status[status].value();
        if (count == 0) continue;
        Labels with_code = labels;
        with_code.push_back({"code", std::to_string(status_at(status))});
        add_value(requests, static_cast<double>(count), std::move(with_code));
      }
    }
  }
  all.push_back(std::move(requests));
  all.push_back(std::move(durations));
}

// One value for each word of an enumeration; `of` gives a thread's tallies for it.
template <class Word, std::size_t N>
void add_words(Families& all, std::string name, std::string help, Type type, std::string label,
               const std::vector<const Traffic*>& threads, std::array<Tally, N> Traffic::* of) {
  Family& to = family(all, std::move(name), std::move(help), type);
  for (std::size_t i = 0; i < N; ++i) {
    std::uint64_t sum = 0;
    for (const Traffic* thread : threads) sum += (thread->*of)[i].value();
    add_value(to, static_cast<double>(sum), {{label, std::string(to_string(static_cast<Word>(i)))}});
  }
}

void tell_operations(Families& all, const std::vector<const Traffic*>& threads) {
  Family& done = family(all, "kvs_operations_total", "What clients did to keys, and what came of it.", Type::Counter);
  for (std::size_t i = 0; i < key_operations * results; ++i) {
    std::uint64_t sum = 0;
    for (const Traffic* thread : threads) sum += thread->operations_done[i].value();
    if (sum == 0) continue;
    add_value(done, static_cast<double>(sum),
              {{"op", std::string(to_string(static_cast<KeyOperation>(i / results)))},
               {"result", std::string(to_string(static_cast<Result>(i % results)))}});
  }
  Summed<16> published(duration_bounds);
  for (const Traffic* thread : threads) {
    published.add(thread->published);
  }
  family(all, "kvs_bus_publish_duration_seconds",
         "From a write's request until its command came back in the order, judged and durable.", Type::Histogram)
      .metric.push_back(published.metric(nanosecond));
  add_words<PublishFailure>(all, "kvs_bus_publish_failures_total",
                            "Commands that did not get into the order, or of which nobody knows.", Type::Counter,
                            "reason", threads, &Traffic::unpublished);
}

void tell_crowd(Families& all, const ServerCounters& counters) {
  gauge(all, "kvs_http_requests_in_flight", "Requests that wait for the order or for a state.",
        static_cast<double>(counters.in_flight.load()));
  gauge(all, "kvs_connections", "Connections open.", static_cast<double>(counters.connections.load()));
  Family& refused = family(all, "kvs_connections_refused_total",
                           "Connections beyond a limit, of all or of one address.", Type::Counter);
  add_value(refused, static_cast<double>(counters.refused_in_all.load()), {{"limit", "all"}});
  add_value(refused, static_cast<double>(counters.refused_by_address.load()), {{"limit", "address"}});
}

void tell_certificate(Families& all, const TlsContext& tls) {
  auto since_epoch = std::chrono::duration_cast<std::chrono::seconds>(tls.expires().time_since_epoch());
  gauge(all, "kvs_tls_certificate_expiry_timestamp_seconds",
        "When the server's certificate ends, in seconds since 1970.", static_cast<double>(since_epoch.count()));
}

void tell_watches(Families& all, const std::vector<const Traffic*>& threads) {
  add_words<Transport>(all, "kvs_watchers", "Watches open.", Type::Gauge, "transport", threads, &Traffic::watchers);
  add_words<Transport>(all, "kvs_watch_events_sent_total", "Changes sent to watchers.", Type::Counter, "transport",
                       threads, &Traffic::events);
  add_words<WatchOutcome>(all, "kvs_watch_disconnects_total", "Watches that ended.", Type::Counter, "reason", threads,
                          &Traffic::ends);
  add_words<Resume>(all, "kvs_watch_resumes_total", "Watches that went on from a place they named.", Type::Counter,
                    "result", threads, &Traffic::resumed);
  Summed<8> lag(size_bounds);
  for (const Traffic* thread : threads) lag.add(thread->lag);
  family(all, "kvs_watch_lag_revisions", "How far watchers were behind when they were handed changes (sampled).",
         Type::Histogram)
      .metric.push_back(lag.metric(1));
}

void tell_process(Families& all) {
  ProcessFigures figures = process_figures();
  counter(all, "process_cpu_seconds_total", "User and system time spent.", figures.cpu_seconds);
  gauge(all, "process_resident_memory_bytes", "Resident memory.", static_cast<double>(figures.resident_bytes));
  gauge(all, "process_virtual_memory_bytes", "Virtual memory.", static_cast<double>(figures.virtual_bytes));
  gauge(all, "process_open_fds", "Open file descriptors.", static_cast<double>(figures.open_descriptors));
  gauge(all, "process_max_fds", "Most file descriptors that may be open.",
        static_cast<double>(figures.most_descriptors));
  gauge(all, "process_threads", "Threads.", static_cast<double>(figures.threads));
  gauge(all, "process_start_time_seconds", "When this process began, in seconds since 1970.", figures.start_seconds);
}

}  // namespace

std::string metrics_text(Worker& worker) {
  const auto& threads = worker.counters().traffic;
  Families all;
  tell_build(all);
  tell_store(all, worker);
  tell_bus(all, worker);
  tell_requests(all, threads);
  tell_operations(all, threads);
  tell_crowd(all, worker.counters());
  if (worker.counters().tls) tell_certificate(all, *worker.counters().tls);
  tell_watches(all, threads);
  tell_process(all);
  std::ostringstream text;
  text.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(text, all);
  return std::move(text).str();
}

}  // namespace kvs
