// How a store gives back what is no longer new: older history, earlier states.
#include <boost/asio/post.hpp>

#include "kvs/log.hpp"
#include "kvs/store/store.hpp"
#include "kvs/store/watch.hpp"

namespace kvs {

namespace {

constexpr std::size_t past_step = 1024 * 1024;  // of history read at once to look for what is past

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
  if (!journal_ || journal_ended_) co_return OlderHistory{};
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

Revision Store::oldest_past(const View& view) const {
  return oldest(view) == no_revision ? no_revision : past_.oldest();
}

awaitable<std::optional<State>> Store::past(View& view, Revision revision) {
  State newest = view.state();
  if (revision >= newest.revision()) co_return newest;
  co_await view.history_reaches(revision);
  auto base = past_.before(revision);
  if (!base && oldest(view) != no_revision) co_return std::nullopt;
  if (!base) base.emplace();  // the history begins with the empty store
  State made = std::move(base->state);
  bool aside = base->made || !base->exact;
  if (!base->exact) {
    PastState past(std::move(made), options_.state);
    for (bool complete = false; !complete;) {
      std::vector<CommitRef> commits;
      if (past.revision() >= view.history().oldest() && past.revision() < view.history().newest()) {
        view.history().read(past.revision(), past_step, commits);
      } else {
        OlderHistory older = co_await read_history(view, past.revision(), past_step);
        if (!older.commit) co_return std::nullopt;
        commits.push_back(std::move(older.commit));
      }
      complete = commits.back()->last() >= revision;
      past.add(commits, revision);
      if (!complete)
        co_await asio::post(view.executor(), use_awaitable);  // a long way must not keep the thread from others
    }
    made = past.finish();
  }
  past_.pin(made, revision, Clock::now(), aside);
  co_return made;
}

}  // namespace kvs
