// GET /v1/history/{key}: what happened to a key, newest first.
#include <algorithm>

#include "kvs/net/dialogue.hpp"
#include "kvs/net/list_request.hpp"
#include "kvs/net/parameters.hpp"

namespace kvs {

namespace {

constexpr std::size_t default_limit = 100;

// {"key","revision","oldest_revision","truncated"?,"items":[event]}
class HistoryBody final : public BodySource {
 public:
  HistoryBody(KeySearch search, Revision revision, Revision oldest)
      : search_(std::move(search)), revision_(revision), oldest_(oldest) {}

  bool next(std::string& out) override {
    const Changes& changes = search_.found->changes;
    std::size_t begin = out.size();
    if (!std::exchange(begun_, true)) append_beginning(out);
    for (; at_ < changes.size() && out.size() - begin < piece_bytes; ++at_) {
      if (at_ > 0) out += ',';
      append_event(out, changes[at_]);
    }
    if (at_ < changes.size()) return true;
    out += "]}\n";
    return false;
  }

  std::size_t held() const override { return search_.found->bytes; }

 private:
  void append_beginning(std::string& out) {
    out += '{';
    append_json_member(out, "key", search_.key);
    out += ",\"revision\":";
    append_number(out, number(revision_));
    out += ",\"oldest_revision\":";
    append_number(out, number(oldest_));
    if (is_truncated()) out += ",\"truncated\":true";
    out += ",\"items\":[";
  }

  // It ended for its size, not for the limit or because there was no more.
  bool is_truncated() const {
    return search_.found->bytes >= KeyHistory::most_bytes && search_.found->changes.size() < search_.limit;
  }

  const KeySearch search_;
  const Revision revision_;
  const Revision oldest_;
  bool begun_ = false;
  std::size_t at_ = 0;
};

}  // namespace

Dialogue::Need Dialogue::key_history() {
  auto key = decode_key(head_.path().substr(history_prefix.size()), key_scratch_);
  if (!key) return refuse(key.error());
  auto query = parse_query(head_.query(), history_parameters);
  if (!query) return refuse(query.error());
  auto limit = query->number("limit");
  if (!limit) return refuse(limit.error());
  if (*limit && **limit == 0) return refuse({errc::bad_parameter, "limit must be at least 1"});
  if (!search_) {
    if (auto need = await_state(parse_consistency(head_, *query, worker_))) return *need;
    if (worker_.counters().searches.load() >= max_history_searches) {
      return refuse({errc::too_many_requests,
                     "as many searches through the history as this server makes at once are under way; try again when "
                     "one of them is done"});
    }
    search_ = KeySearch{std::string(*key), std::min<std::size_t>(limit->value_or(default_limit), largest_page), {}};
    return Need::history;
  }
  Revision oldest = worker_.store().oldest(worker_.view());
  if (search_->found->failed) {
    return refuse(
        {errc::compacted, "the history on disk could not be read; the server's log says why", store_members(worker_)});
  }
  Revision revision = search_->found->revision;
  return stream(revision, "application/json", "Cache-Control: no-store\r\n",
                std::make_unique<HistoryBody>(std::move(*search_), revision, oldest));
}

}  // namespace kvs
