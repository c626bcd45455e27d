// /v1/snapshot: the state as a snapshot file.
#include "kvs/net/dialogue.hpp"
#include "kvs/net/parameters.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {

namespace {

// Counts itself among the snapshots that are being sent: each holds a state, and what was replaced in it since.
class SnapshotSource final : public BodySource {
 public:
  SnapshotSource(StateAndBookmark shown, LogId log_id, ServerCounters& counters)
      : encoder_(std::move(shown.state), log_id, std::move(shown.bookmark)), counters_(counters) {
    ++counters_.snapshots;
  }
  ~SnapshotSource() override { --counters_.snapshots; }
  SnapshotSource(const SnapshotSource&) = delete;
  SnapshotSource& operator=(const SnapshotSource&) = delete;

  bool next(std::string& out) override {
    std::string_view piece = encoder_.next();
    out += piece;
    return !piece.empty();
  }
  const State* state() const override { return &encoder_.state(); }

 private:
  SnapshotEncoder encoder_;
  ServerCounters& counters_;
};

}  // namespace

// Named as it would be in a data directory: saved into an empty one, it is what a server starts from.
Dialogue::Need Dialogue::snapshot() {
  if (!wants_any_state()) {
    auto query = parse_query(head_.query(), plain_read_parameters);
    if (!query) return refuse(query.error());
    if (auto need = await_state(parse_consistency(head_, *query, worker_))) return *need;
  }
  if (worker_.counters().snapshots.load() >= max_snapshots_sent) {
    return refuse({errc::too_many_requests,
                   "as many snapshots as this server sends at once are on their way; try again "
                   "when one of them is done"});
  }
  Store& store = worker_.store();
  StateAndBookmark shown = store.shown();
  Revision revision = shown.state.revision();
  std::string fields = "Cache-Control: no-store\r\nContent-Disposition: attachment; filename=\"" +
                       snapshot_path({}, shown.state.place()).filename().string() + "\"\r\n";
  return stream(revision, "application/octet-stream", fields,
                std::make_unique<SnapshotSource>(std::move(shown), store.log_id(), worker_.counters()));
}

}  // namespace kvs
