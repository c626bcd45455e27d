// What happened to one key: the history read backwards, by the commits in memory and then by segments.
#include <boost/asio/post.hpp>
#include <ranges>

#include "kvs/store/store.hpp"

namespace kvs {

namespace {

constexpr std::size_t step = 1024 * 1024;  // of history looked at at once

// Takes the changes of that key, the newest first, none above `until`.
void take_changes(KeyHistory& history, const Changes& changes, std::string_view key, Revision until,
                  std::size_t limit) {
  for (const Change& change : changes | std::views::reverse) {
    if (history.full(limit)) return;
    if (change.revision() > until || change.record->key() != key) continue;
    history.bytes += change.record->footprint();
    history.changes.push_back(change);
  }
}

}  // namespace

// Forwards from `after`, where a segment begins, to `until`.
awaitable<void> Store::search_segment(View& view, std::string_view key, Revision after, Revision until, Changes& found,
                                      bool& failed) {
  while (after < until) {
    OlderHistory older = co_await read_history(view, after, step);
    failed = older.failed;
    if (!older.commit) co_return;
    for (const Change& change : older.commit->changes()) {
      if (change.revision() <= until && change.record->key() == key) found.push_back(change);
    }
    after = older.commit->last();
  }
}

awaitable<KeyHistory> Store::history_of(View& view, std::string key, std::size_t limit) {
  KeyHistory history;
  co_await view.history_reaches(view.held().revision());
  Revision until = history.revision = view.history().newest();
  while (!history.full(limit)) {
    std::vector<CommitRef> commits;
    view.history().read_back(until, step, commits);
    if (commits.empty()) break;
    for (const CommitRef& commit : commits) take_changes(history, commit->changes(), key, until, limit);
    until = commits.back()->before();
    co_await asio::post(view.executor(), use_awaitable);  // a long way must not keep the thread from others
  }
  if (!journal_ || journal_ended_) co_return history;
  std::vector<Revision> begins = journal_->begins();
  while (!history.full(limit) && !history.failed && !begins.empty()) {
    Revision begin = begins.back();
    begins.pop_back();
    Changes found;
    co_await search_segment(view, key, begin, until, found, history.failed);
    take_changes(history, found, key, until, limit);
    until = std::min(until, begin);
  }
  co_return history;
}

}  // namespace kvs
