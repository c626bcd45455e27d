#include "kvs/store/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <random>

#include "kvs/log.hpp"
#include "kvs/store/judge.hpp"
#include "kvs/store/out_of_space.hpp"
#include "kvs/store/watch.hpp"

namespace kvs {

namespace {

LogId random_log_id() {
  std::random_device device;
  return LogId{(std::uint64_t{device()} << 32) | device() | 1};
}

}  // namespace

Store::Store(StoreOptions options, FileSystem& files, Bus& bus)
    : options_(std::move(options)), files_(files), bus_(bus) {}

Store::~Store() {
  reader_.join();
  snapshotter_.join();
}

void Store::load(Executor writer, const Journal::Progress& progress) {
  writer_ = writer;
  Recovered found;
  if (options_.directory) {
    JournalOptions journal = options_.journal;
    journal.sync = options_.sync.when == SyncPolicy::When::always;
    journal_ = std::make_unique<Journal>(files_, *options_.directory, journal);
    found = journal_->recover(progress);
    if (!found.notes.empty()) log::warn(found.notes, {{"data_dir", options_.directory->string()}});
  } else {
    found.log_id = random_log_id();
  }
  log_id_ = found.log_id;
  position_ = found.bus_position;
  newest_ = found.state;
  editor_ = std::make_unique<StateEditor>(newest_);
  show(newest_);
  for (View* view : views_) {
    asio::post(view->executor(), [view, revision = newest_.revision()] { view->begin(revision); });
  }
  bus_.start({newest_.revision(), newest_.time(), position_}, writer);
  phase_.store(Phase::ready, std::memory_order_release);
}

awaitable<void> Store::run() {
  if (journal_ && options_.sync.when == SyncPolicy::When::interval) {
    sync_timer_.emplace(*writer_);
    asio::co_spawn(*writer_, sync_now_and_then(), [](std::exception_ptr) {});  // fail() has spoken
  }
  for (;;) {
    Batch batch = co_await bus_.next();
    if (batch.commands.empty() && batch.lost.empty()) break;
    take(std::move(batch));
  }
  stop_syncing();
  if (phase() == Phase::ready) phase_.store(Phase::stopped, std::memory_order_release);
  for (View* view : views_) asio::post(view->executor(), [view] { view->drain(); });
}

void Store::take(Batch&& batch) {
  Verdicts verdicts(views_.size());
  Revision before = newest_.revision();
  Changes changes = judge_all(batch, verdicts);
  CommitRef commit;
  if (!changes.empty() && make_durable(changes, batch.position, verdicts)) {
    position_ = batch.position;
    newest_ = editor_->commit(changes.back().revision(), changes.back().record->modified());
    show(newest_);
    commit = std::make_shared<Commit>(before, std::move(changes));
  }
  for (const Lost& lost : batch.lost) {
    Verdict verdict;
    verdict.outcome = lost.outcome;
    if (lost.ticket.thread != Ticket::nobody) verdicts[lost.ticket.thread].push_back({lost.ticket, verdict});
  }
  tell(commit, std::move(verdicts));
  if (journal_ && commit && !snapshot_under_way_ && journal_->wants_snapshot(newest_)) begin_snapshot();
}

Changes Store::judge_all(Batch& batch, Verdicts& verdicts) {
  Changes changes;
  changes.reserve(batch.commands.size());
  Revision newest = newest_.revision();
  for (Ordered& ordered : batch.commands) {
    Ticket ticket = ordered.ticket;
    Judgement judgement = judge(std::move(ordered), *editor_, newest);
    if (judgement.change) {
      newest = judgement.change->revision();
      apply(*judgement.change, *editor_);
      changes.push_back(std::move(*judgement.change));
    }
    if (ticket.thread != Ticket::nobody) verdicts[ticket.thread].push_back({ticket, std::move(judgement.verdict)});
  }
  return changes;
}

// Whether the changes are as durable as was asked for. If not, they are undone, and every verdict that spoke of them is
// changed: nothing of a batch that did not reach the disk may have been seen, so also not the refusals judged against
// it.
bool Store::make_durable(const Changes& changes, std::uint64_t position, Verdicts& verdicts) {
  if (!journal_) return true;
  auto outcome = Verdict::Outcome::failed;
  if (phase() == Phase::ready) {
    try {
      journal_->append(changes, position);
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
  editor_ = std::make_unique<StateEditor>(newest_);
  for (auto& thread : verdicts) {
    for (Settled& settled : thread) settled.verdict = Verdict{outcome, false, no_revision, nullptr};
  }
  return false;
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

void Store::show(State state) {
  std::lock_guard lock(mutex_);
  std::swap(shown_, state);  // the old one is dropped after the lock
  version_.fetch_add(1, std::memory_order_release);
}

void Store::tell(const CommitRef& commit, Verdicts&& verdicts) {
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
  asio::post(snapshotter_, [this, state = newest_, position = position_] {
    bool written = false;
    try {
      written = journal_->write_snapshot(state, position, snapshots_.get_token());
    } catch (const std::exception& error) {
      log::error("could not write a snapshot; the journal keeps everything", {{"error", error.what()}});
    }
    asio::post(*writer_, [this, written, revision = state.revision()] {
      snapshot_under_way_ = false;
      if (written) journal_->snapshot_written(revision);
    });
  });
}

void Store::write_last_snapshot(std::stop_token stop) {
  snapshots_.request_stop();
  snapshotter_.join();
  if (!journal_ || phase() == Phase::failed) return;
  try {
    if (options_.sync.when == SyncPolicy::When::interval) journal_->sync();
    bool written = journal_->write_snapshot(newest_, position_, stop);
    if (written) journal_->snapshot_written(newest_.revision());
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
      fail(error.what());
      co_return;
    }
  }
}

void Store::stop_syncing() {
  stopping_ = true;
  if (sync_timer_) sync_timer_->cancel();
}

std::string Store::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

Revision Store::oldest(const View& view) const { return journal_ ? journal_->oldest() : view.history().oldest(); }

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

namespace {

// A piece of history on its way from the reading thread. Shared because the watch that asked may be gone by then.
struct Fetch {
  explicit Fetch(Executor executor) : wakeup(executor) {}
  bool done = false;
  OlderHistory found;
  Wakeup wakeup;
};

// What is durable but not shown yet stays out: a watch must not know of a change before the reads do.
void cut_after(Changes& changes, Revision shown) {
  while (!changes.empty() && changes.back().revision() > shown) changes.pop_back();
}

}  // namespace

OlderHistory Store::read_commit(Revision after, std::size_t max_bytes) const {
  try {
    State shown;
    std::uint64_t version = 0;
    refresh(shown, version);
    Changes changes = journal_->read(after, max_bytes);
    cut_after(changes, shown.revision());
    if (!changes.empty()) return {std::make_shared<Commit>(after, std::move(changes)), false};
  } catch (const std::out_of_range&) {  // dropped meanwhile
  } catch (const std::exception& error) {
    log::error("could not read the history", {{"error", error.what()}});
    return {nullptr, true};
  }
  return {};
}

awaitable<OlderHistory> Store::read_history(View& view, Revision after, std::size_t max_bytes) {
  if (!journal_) co_return OlderHistory{};
  auto fetch = std::make_shared<Fetch>(view.executor());
  asio::post(reader_, [this, fetch, after, max_bytes, executor = view.executor()] {
    asio::post(executor, [fetch, found = read_commit(after, max_bytes)]() mutable {
      fetch->found = std::move(found);
      fetch->done = true;
      fetch->wakeup.notify();
    });
  });
  while (!fetch->done) co_await fetch->wakeup.wait();
  co_return std::move(fetch->found);
}

}  // namespace kvs
