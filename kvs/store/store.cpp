#include "kvs/store/store.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/container/static_vector.hpp>
#include <sstream>

#include "kvs/log.hpp"
#include "kvs/store/judge.hpp"
#include "kvs/store/out_of_space.hpp"
#include "kvs/store/watch.hpp"

namespace kvs {

namespace {

// Then timers, snapshots and the watchdog have their turn, also while there is always a next batch. (After every batch
// would cost a look at the kernel each: 1.5 µs.)
constexpr std::uint64_t batches_in_a_row = 16;

constexpr std::size_t judged_together = 32;          // their keys are fetched together; more would drive each other out
constexpr std::size_t keys_worth_fetching = 10'000;  // a state of fewer is in the caches as a rule

constexpr std::uint64_t most_roots = 16;  // of earlier states: each holds all nodes that were changed since
constexpr std::uint64_t least_spacing = 4 * 1024 * 1024;  // between two of them, in bytes of changes

}  // namespace

Store::Store(StoreOptions options, FileSystem& files, Bus& bus)
    : options_(std::move(options)),
      files_(files),
      bus_(bus),
      history_age_(options_.history_age),
      digests_(options_.digest_every),
      past_(std::max(least_spacing, options_.journal.history_bytes / most_roots)) {}

Store::~Store() {
  reader_.join();
  snapshotter_.join();
}

void Store::load(Executor writer) {
  writer_ = writer;
  Recovered found;
  if (options_.directory) {
    JournalOptions journal = options_.journal;
    journal.sync = options_.sync.when == SyncPolicy::When::always;
    journal.state = options_.state;
    journal_ = std::make_unique<Journal>(files_, *options_.directory, journal);
    found = journal_->recover([this](std::uint64_t done, std::uint64_t all) {
      if (stop_asked_) throw LoadStopped{};
      bytes_to_load_ = all;
      loaded_bytes_ = done;
    });
    std::istringstream notes(found.notes);
    for (std::string line; std::getline(notes, line);) log::warn(line, {{"data_dir", options_.directory->string()}});
  }
  found_log_id_ = found.log_id;
  bookmark_ = std::move(found.bookmark);
  newest_ = found.state;
  editor_ = std::make_unique<StateEditor>(newest_, options_.state);
  expiry_.start(newest_);
  past_.start(newest_);
  show(newest_, bookmark_);
}

awaitable<void> Store::run(std::function<void()> ready) {
  ready_ = std::move(ready);
  bool joined = co_await join();
  for (std::uint64_t batches = 1; joined; ++batches) {
    Batch batch = co_await bus_.next();
    bool last = batch.last;
    take(std::move(batch));
    if (last) break;
    follow_bus();
    if (batches % batches_in_a_row == 0) co_await asio::post(*writer_, use_awaitable);
  }
  stop_syncing();
  if (phase() != Phase::failed) phase_.store(Phase::stopped, std::memory_order_release);
  for (View* view : views_) asio::post(view->executor(), [view] { view->drain(); });
}

// False if it was stopped before it had found the order.
awaitable<bool> Store::join() {
  BusStart from{found_log_id_, newest_.place(), newest_.time(), bookmark_};
  LogId log_id = co_await bus_.start(std::move(from), *writer_);
  if (log_id == LogId{}) co_return false;
  log_id_ = log_id;
  if (journal_) journal_->begin(log_id_);
  if (journal_ && options_.sync.when == SyncPolicy::When::interval) {
    sync_timer_.emplace(*writer_);
    asio::co_spawn(*writer_, sync_now_and_then(), [](std::exception_ptr) {});  // fail() has spoken
  }
  expiry_timer_.emplace(*writer_);
  asio::co_spawn(*writer_, propose_expiries(), [](std::exception_ptr error) {
    if (error) log::error("expiries are not proposed any more");
  });
  if (options_.history_age.count() != 0) {
    note_old_history();
    age_timer_.emplace(*writer_);
    asio::co_spawn(*writer_, forget_now_and_then(), [](std::exception_ptr error) {
      if (error) log::error("history is not let go by its age any more");
    });
  }
  follow_bus();
  co_return true;
}

// The first time that the bus is up, this instance has caught up with the order. From then on its threads are told
// whenever the bus goes and comes back.
void Store::follow_bus() {
  bool up = bus_.up();
  if (up == std::exchange(bus_up_, up)) return;
  if (phase() == Phase::starting && up) become_ready();
  expiry_timer_->cancel();  // what was due meanwhile can be proposed
  if (phase() == Phase::starting) return;
  auto since = bus_.status().since;
  for (View* view : views_) {
    asio::post(view->executor(), [view, up, since] { view->bus_changed(up, since); });
  }
}

void Store::become_ready() {
  memory_begins_at(newest_.revision());
  for (View* view : views_) {
    asio::post(view->executor(), [view, revision = newest_.revision()] { view->begin(revision); });
  }
  phase_.store(Phase::ready, std::memory_order_release);
  if (ready_) ready_();
}

void Store::take(Batch&& batch) {
  auto began = Clock::now();
  if (!batch.commands.empty()) figures_.batches.record(batch.commands.size());
  Verdicts verdicts(views_.size());
  Outcomes outcomes;
  Changes changes = judge_all(batch, verdicts, outcomes);
  CommitRef made;
  if (!changes.empty() && make_durable(changes, batch.bookmark, verdicts, outcomes)) {
    bookmark_ = std::move(batch.bookmark);
    made = commit(std::move(changes));
    figures_.commits.record(Clock::now() - began);
  }
  requests_.note(outcomes);
  end_all(batch, verdicts);
  tell(made, std::move(verdicts));
  if (journal_ && !journal_ended_ && made && !snapshot_under_way_ && journal_->wants_snapshot(newest_))
    begin_snapshot();
  digests_.count(batch.commands.size());
  if (digests_.due()) say_digest();
}

// What is durable now is shown. Null if there were only answers.
CommitRef Store::commit(Changes&& changes) {
  Revision before = newest_.revision(), place = changes.back().revision();
  LogTime time = changes.back().record->modified();
  note_deadlines(changes);
  std::erase_if(changes, [](const Change& change) { return change.op == Op::answer; });
  newest_ = editor_->commit(changes.empty() ? before : changes.back().revision(), time, place);
  show(newest_, bookmark_);
  if (changes.empty()) return nullptr;
  bool mark = note_age(newest_);
  auto made = std::make_shared<Commit>(before, std::move(changes));
  // The threads' histories begin when they are told that it is ready: with what is caught up with then.
  bool starting = phase() == Phase::starting;
  Revision in_memory = starting ? newest_.revision() : memory_begins_.load(std::memory_order_relaxed);
  past_.note(*made, newest_, journal_ && !journal_ended_ ? journal_->oldest() : in_memory, Clock::now(), mark);
  return made;
}

void Store::say_digest() {
  if (phase() != Phase::ready) return;
  Command command;
  command.kind = Command::Kind::digest;
  command.claim = digests_.claim();
  if (journal_) command.claim.snapshot = journal_->newest_snapshot();
  bus_.publish(std::move(command), {});  // if it can't go now, the next one will do
  bus_.flush();
}

// The first of these are judged next.
void Store::expect(std::span<const Ordered> commands) {
  if (commands.size() < 2 || editor_->size() < keys_worth_fetching) return;
  boost::container::static_vector<std::string_view, judged_together> keys;
  for (const Ordered& ordered : commands.first(std::min(commands.size(), judged_together))) {
    if (ordered.command.record) keys.push_back(ordered.command.record->key());
  }
  editor_->expect(keys);
}

Changes Store::judge_all(Batch& batch, Verdicts& verdicts, Outcomes& outcomes) {
  Changes changes;
  changes.reserve(batch.commands.size());
  outcomes.reserve(batch.commands.size());
  own_.clear();
  Revision newest = newest_.revision();
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    if (i % judged_together == 0) expect(std::span(batch.commands).subspan(i));
    Ordered& ordered = batch.commands[i];
    Ticket ticket = ordered.ticket;
    bool confirmed = ordered.confirmed;
    std::string request_id = std::move(ordered.command.request_id);
    auto kind = ordered.command.kind;
    if (ticket.thread != Ticket::nobody) own_.push_back(ordered.place);
    if (ordered.command.kind == Command::Kind::digest)
      digests_.passed(ordered.place, editor_->digest(), ordered.command.claim);
    Verdict verdict = judge(std::move(ordered), *editor_, newest, changes);
    if (verdict.outcome == Verdict::Outcome::applied && !verdict.replayed) newest = verdict.revision;
    if (!request_id.empty()) {
      RequestLog::Entry entry{verdict.outcome, verdict.revision, verdict.created, is_missing(kind, verdict)};
      outcomes.emplace_back(std::move(request_id), entry);
    }
    if (ticket.thread == Ticket::nobody) continue;
    if (confirmed) {
      verdicts[ticket.thread].push_back({ticket, std::move(verdict)});
    } else {
      hold(ticket, std::move(verdict));
    }
  }
  return changes;
}

namespace {

// Serial numbers are a thread's own, and there are at most 256 threads.
std::uint64_t key_of(const Ticket& ticket) { return ticket.serial << 8 | ticket.thread; }

}  // namespace

void Store::hold(const Ticket& ticket, Verdict&& verdict) {
  held_.insert_or_assign(key_of(ticket), Settled{ticket, std::move(verdict)});
}

void Store::end_all(Batch& batch, Verdicts& verdicts) {
  for (Ending& ending : batch.endings) {
    Verdict verdict;
    if (ending.how == Ending::How::failed) verdict.outcome = Verdict::Outcome::failed;
    auto held = held_.extract(key_of(ending.ticket));
    if (held && ending.how == Ending::How::confirmed) verdict = std::move(held.mapped().verdict);
    if (!held) requests_.note({std::move(ending.request_id), RequestLog::Entry{verdict.outcome, no_revision}});
    if (ending.ticket.thread != Ticket::nobody)
      verdicts[ending.ticket.thread].push_back({ending.ticket, std::move(verdict)});
  }
}

// Whether the changes are as durable as was asked for. If not, they are undone, and every verdict that spoke of them is
// changed: nothing of a batch that did not reach the disk may have been seen, so also not the refusals judged against
// it.
bool Store::make_durable(const Changes& changes, std::string_view bookmark, Verdicts& verdicts, Outcomes& outcomes) {
  if (!journal_ || journal_ended_) return true;
  if (bus_.keeps_log()) return keep_quick_start(changes, bookmark);
  auto outcome = Verdict::Outcome::failed;
  if (phase() != Phase::failed) {
    try {
      journal_->append(changes, bookmark);
      unsynced_ = true;
      note_room(true);
      return true;
    } catch (const OutOfSpace& error) {
      note_room(false, error.what());
      outcome = Verdict::Outcome::no_room;
    } catch (const std::exception& error) {
      fail(error.what());
      outcome = Verdict::Outcome::unknown;
    }
  }
  editor_->rollback();
  for (auto& thread : verdicts) {
    for (Settled& settled : thread) settled.verdict = {}, settled.verdict.outcome = outcome;
  }
  for (auto& [id, entry] : outcomes) entry = {outcome, no_revision};
  return false;
}

// The bus has the changes; the journal only saves reading them from there again. What it lacks it must lack from here
// on.
bool Store::keep_quick_start(const Changes& changes, std::string_view bookmark) {
  try {
    journal_->append(changes, bookmark);
    unsynced_ = true;
  } catch (const std::exception& error) {
    journal_ended_ = true;
    log::error("the data directory takes no more; the next start reads from the bus what is missing there",
               {{"error", error.what()}});
  }
  return true;
}

// A full disk is said once, not once a batch.
void Store::note_room(bool room, const char* why) {
  if (room == std::exchange(room_, room)) return;
  if (room) {
    log::info("there is room for writes again");
  } else {
    log::error("no room for writes: reads go on, writes are refused until there is room", {{"error", why}});
  }
}

void Store::show(State state, std::string_view bookmark) {
  std::lock_guard lock(mutex_);
  std::swap(shown_, state);  // the old one is dropped after the lock
  shown_bookmark_ = bookmark;
  version_.fetch_add(1, std::memory_order_release);
}

void Store::tell(const CommitRef& commit, Verdicts&& verdicts) {
  if (phase() == Phase::starting) return;  // the threads begin with what is caught up with
  for (std::size_t thread = 0; thread < views_.size(); ++thread) {
    if (!commit && verdicts[thread].empty()) continue;
    View* view = views_[thread];
    asio::post(view->executor(), [view, commit, settled = std::move(verdicts[thread])]() mutable {
      view->receive(commit, std::move(settled));
    });
  }
}

void Store::fail(const std::string& why) {
  {
    std::lock_guard lock(mutex_);
    failure_ = why;
  }
  phase_.store(Phase::failed, std::memory_order_release);
  log::error("writing to the data directory failed; no more writes are taken until kvs is restarted", {{"error", why}});
}

void Store::begin_snapshot() {
  snapshot_under_way_ = true;
  asio::post(snapshotter_, [this, state = newest_, bookmark = bookmark_] {
    auto began = Clock::now();
    bool written = false;
    try {
      written = journal_->write_snapshot(state, bookmark, snapshots_.get_token());
    } catch (const std::exception& error) {
      log::error("could not write a snapshot; the journal keeps everything", {{"error", error.what()}});
    }
    asio::post(*writer_, [this, written, took = Clock::now() - began, place = state.place()] {
      snapshot_under_way_ = false;
      if (!written) return;
      figures_.snapshots.record(took);
      journal_->snapshot_written(place);
      if (options_.digest_every != 0) say_digest();  // the others hear of the snapshot
    });
  });
}

void Store::write_last_snapshot(std::stop_token stop) {
  snapshots_.request_stop();
  snapshotter_.join();
  if (!journal_ || journal_ended_ || log_id_ == LogId{} || phase() == Phase::failed) return;
  try {
    if (options_.sync.when == SyncPolicy::When::interval) journal_->sync();
    bool written = journal_->write_snapshot(newest_, bookmark_, stop);
    if (written) journal_->snapshot_written(newest_.place());
  } catch (const std::exception& error) {
    log::error("could not write the last snapshot; the journal keeps everything", {{"error", error.what()}});
  }
}

awaitable<void> Store::sync_now_and_then() {
  while (!stopping_) {
    sync_timer_->expires_after(options_.sync.interval);
    boost::system::error_code ignored;
    co_await sync_timer_->async_wait(asio::redirect_error(use_awaitable, ignored));
    if (!std::exchange(unsynced_, false) || phase() == Phase::failed) continue;
    try {
      journal_->sync();
    } catch (const std::exception& error) {
      if (bus_.keeps_log()) {
        journal_ended_ = true;
        log::error("the data directory can't be synced; the next start reads from the bus what is missing there",
                   {{"error", error.what()}});
      } else {
        fail(error.what());
      }
      co_return;
    }
  }
}

void Store::stop_syncing() {
  stopping_ = true;
  if (sync_timer_) sync_timer_->cancel();
  if (expiry_timer_) expiry_timer_->cancel();
  if (age_timer_) age_timer_->cancel();
}

StateAndBookmark Store::shown() const {
  std::lock_guard lock(mutex_);
  return {shown_, shown_bookmark_};
}

std::string Store::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

Revision Store::oldest(const View& view) const {
  return journal_ && !journal_ended_ ? journal_->oldest() : view.history().oldest();
}

void Store::refresh(State& state, std::uint64_t& version) const {
  if (version_.load(std::memory_order_acquire) == version) return;
  State old;
  std::lock_guard lock(mutex_);
  old = std::exchange(state, shown_);
  version = version_.load(std::memory_order_relaxed);
}

PublishResult Store::publish(Command&& command, Ticket ticket) {
  if (phase() != Phase::ready) return PublishResult::away;
  return bus_.publish(std::move(command), ticket);
}

}  // namespace kvs
