// The store: takes commands in the order of the bus, judges, journals and applies them, and shows the result.
#pragma once
#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "kvs/async.hpp"
#include "kvs/bus/bus.hpp"
#include "kvs/store/digest_check.hpp"
#include "kvs/store/expiry.hpp"
#include "kvs/store/history.hpp"
#include "kvs/store/history_age.hpp"
#include "kvs/store/journal.hpp"
#include "kvs/store/past.hpp"
#include "kvs/store/request_log.hpp"
#include "kvs/store/state.hpp"
#include "kvs/store/store_figures.hpp"
#include "kvs/store/view.hpp"

namespace kvs {

// When a batch counts as durable.
struct SyncPolicy {
  enum class When : std::uint8_t {
    always,    // written and fdatasynced before anybody hears of it
    interval,  // written; fdatasynced every `interval`: a power cut may lose that much
    never,     // written; the kernel decides
  };
  When when = When::always;
  std::chrono::milliseconds interval{1000};
};

struct StoreOptions {
  std::optional<std::filesystem::path> directory;  // none: nothing is kept (--ephemeral)
  SyncPolicy sync;
  JournalOptions journal;
  StateLimits state;
  std::chrono::milliseconds history_age{0};  // history that is older leaves; 0: whatever its age, it stays
  std::function<LogTime()> wall_clock;       // only for when to propose an expiry, and what is old; none: the system's
  std::uint64_t digest_every = 0;  // commands after which this instance says what it holds, to be compared; 0: never
};

enum class Phase : std::uint8_t {
  starting,  // loading, then catching up with the order
  ready,
  failed,   // a write to disk failed: reads go on, writes are refused for good
  stopped,  // nothing comes any more
};

// How far load() has come with the files; nothing to load: both 0.
struct Loading {
  std::uint64_t done_bytes = 0;
  std::uint64_t all_bytes = 0;
};

// stop() came while load() was at work: nothing is lost, for nothing was taken yet.
struct LoadStopped {};

// A state together with the place in the order from which an instance that begins with it goes on.
struct StateAndBookmark {
  State state;
  std::string bookmark;
};

// A piece of the history on disk.
struct OlderHistory {
  CommitRef commit;     // null: it is no longer there, or
  bool failed = false;  // could not be read
};

// What happened to one key.
struct KeyHistory {
  static constexpr std::size_t most_bytes = 8 * 1024 * 1024;  // of records; older changes are left out

  Revision revision = no_revision;  // it was looked for up to here
  Changes changes;                  // newest first
  std::size_t bytes = 0;            // their records' footprints
  bool failed = false;              // the history on disk could not be read; the log says why

  bool full(std::size_t limit) const { return changes.size() >= limit || bytes >= most_bytes; }
};

// One writer thread runs everything but what is said to be for any thread.
class Store {
 public:
  Store(StoreOptions options, FileSystem& files, Bus& bus);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Before load(): one for each I/O thread, in the order of their thread numbers.
  void attach(View& view) { views_.push_back(&view); }

  // On the writer's thread, once: newest good snapshot and journal. Throws DamagedData, std::system_error,
  // std::runtime_error, and LoadStopped soon after stop(): then that was all. `writer` is the executor of this thread;
  // run() and everything the journal does stays on it.
  void load(Executor writer);
  // The writer loop, after load(): joins the order, catches up with it (then `ready` is called, and the phase is
  // ready), and goes on until stop(), when everything accepted has its verdict. Throws what load() does, BusBroken,
  // and Diverged: then nothing here may be served any longer.
  awaitable<void> run(std::function<void()> ready = {});
  // After run(): the last snapshot, so that the next start is quick. Blocking; given up when `stop` is requested.
  void write_last_snapshot(std::stop_token stop);

  // Any thread from here on.
  void stop() {
    stop_asked_ = true;
    bus_.stop();
  }
  Phase phase() const { return phase_.load(std::memory_order_acquire); }
  Loading loading() const { return {loaded_bytes_.load(), bytes_to_load_.load()}; }
  std::string failure() const;  // why, when the phase is `failed`
  // Once a view is ready, as log_id() and journal_bytes(): the smallest `after` a watch of that view can go on from;
  // the view's thread.
  Revision oldest(const View& view) const;
  LogId log_id() const { return log_id_; }
  BusStatus bus_status() const { return bus_.status(); }
  const RequestLog& requests() const { return requests_; }
  const StoreFigures& figures() const { return figures_; }
  std::uint64_t journal_bytes() const { return journal_ ? journal_->bytes() : 0; }  // on disk
  StateAndBookmark shown() const;  // the newest state, and where an instance that is given it goes on
  const StoreOptions& options() const { return options_; }

  // Replaces `state` by the newest one if `version` is not its version. Never goes back.
  void refresh(State& state, std::uint64_t& version) const;
  PublishResult publish(Command&& command, Ticket ticket);
  void flush() { bus_.flush(); }
  // A commit made of the older history after `after`, at most up to the state that is shown. On the view's thread.
  awaitable<OlderHistory> read_history(View& view, Revision after, std::size_t max_bytes);
  // The state after the newest change that is not newer than `revision`, and it stays at hand for a minute. Nothing:
  // the history does not reach back so far (oldest_past() says how far), or could not be read. On the view's thread.
  awaitable<std::optional<State>> past(View& view, Revision revision);
  // What happened to one key as far as the history reaches: at most `limit` changes, the newest. A walk through the
  // history in steps of about 1 MiB, newest first, which ends early when it has enough; so it holds about a segment of
  // the journal, and neither the view's thread nor the reading one for long. On the view's thread.
  awaitable<KeyHistory> history_of(View& view, std::string key, std::size_t limit);
  Revision oldest_past(const View& view) const;  // the smallest revision that past() can serve
  // Keeps the state as of `revision` at hand for a minute, for past().
  void pin(const State& state, Revision revision) { past_.pin(state, revision, Clock::now()); }
  // The views' histories in memory begin there: without a journal that is all there is.
  void memory_begins_at(Revision oldest) { memory_begins_.store(oldest, std::memory_order_relaxed); }

 private:
  using Verdicts = std::vector<std::vector<Settled>>;  // by thread
  using Outcomes = std::vector<RequestLog::Noted>;     // in the order
  awaitable<bool> join();
  void take(Batch&& batch);
  void expect(std::span<const Ordered> commands);
  Changes judge_all(Batch& batch, Verdicts& verdicts, Outcomes& outcomes);
  CommitRef commit(Changes&& changes);
  void note_deadlines(const Changes& changes);
  awaitable<void> propose_expiries();
  bool propose(const std::vector<RecordRef>& due);
  LogTime wall_clock() const;
  void note_old_history();
  bool note_age(const State& newest);
  awaitable<void> forget_now_and_then();
  void forget_old_history(LogTime now);
  void end_all(Batch& batch, Verdicts& verdicts);
  void hold(const Ticket& ticket, Verdict&& verdict);
  bool make_durable(const Changes& changes, std::string_view bookmark, Verdicts& verdicts, Outcomes& outcomes);
  void show(State state, std::string_view bookmark);
  void follow_bus();
  void become_ready();
  void say_digest();
  void tell(const CommitRef& commit, Verdicts&& verdicts);
  void fail(const std::string& why);
  void begin_snapshot();
  awaitable<void> sync_now_and_then();
  void stop_syncing();
  awaitable<void> search_segment(View& view, std::string_view key, Revision after, Revision until, Changes& found,
                                 bool& failed);
  OlderHistory read_commit(Revision after, std::size_t max_bytes) const;
  bool keep_quick_start(const Changes& changes, std::string_view bookmark);
  void note_room(bool room, const char* why = "");

  const StoreOptions options_;
  FileSystem& files_;
  Bus& bus_;
  std::vector<View*> views_;
  std::optional<Executor> writer_;
  std::optional<asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>> sync_timer_;
  std::optional<asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>> expiry_timer_;
  std::optional<asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>> age_timer_;
  std::atomic<bool> stop_asked_{false};
  bool stopping_ = false;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<StateEditor> editor_;
  State newest_;
  std::string bookmark_;  // of the bus, at newest_
  std::optional<LogId> found_log_id_;
  std::function<void()> ready_;
  bool bus_up_ = false;
  Expiry expiry_;
  HistoryAge history_age_;
  bool more_due_ = false;      // more expiries than were proposed
  std::vector<Revision> own_;  // places of the batch that are of commands published here
  DigestCheck digests_;
  RequestLog requests_;
  StoreFigures figures_;
  Past past_;
  std::atomic<Revision> memory_begins_{no_revision};
  // Verdicts on commands that came by and are not confirmed yet, by thread and serial number of the ticket.
  std::unordered_map<std::uint64_t, Settled> held_;
  bool snapshot_under_way_ = false;
  bool room_ = true;  // whether the last batch found room on the disk
  bool unsynced_ = false;
  std::atomic<bool> journal_ended_{false};  // it could not be written, and the bus keeps the log: it stays as it is
  asio::thread_pool reader_{1};             // reads old history
  asio::thread_pool snapshotter_{1};        // writes snapshots
  std::stop_source snapshots_;              // stopped when the last one is due

  LogId log_id_{};
  std::atomic<Phase> phase_{Phase::starting};
  std::atomic<std::uint64_t> loaded_bytes_{0};
  std::atomic<std::uint64_t> bytes_to_load_{0};
  std::atomic<std::uint64_t> version_{0};  // raised after the state below was replaced
  mutable std::mutex mutex_;               // guards what follows
  State shown_;
  std::string shown_bookmark_;
  std::string failure_;
};

}  // namespace kvs
