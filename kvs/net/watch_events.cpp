#include "kvs/net/watch_events.hpp"

#include <optional>
#include <utility>

#include "kvs/net/record_json.hpp"

namespace kvs {

namespace {

// What the renderings of a Commit are, by number: one for each form that is shared, and the texts of the events.
std::size_t kind_of(WatchForm form) { return static_cast<std::size_t>(form); }
constexpr std::size_t event_pieces = static_cast<std::size_t>(WatchForm::array);  // which is never shared itself
static_assert(static_cast<std::size_t>(WatchForm::legacy) < Commit::renderings);

// Of a commit whose events are larger than this each watcher makes those it wants by itself: to keep them all for a
// choice would cost more memory than it saves time. So where a piece ends fits into 32 bits.
constexpr std::size_t most_in_pieces = std::size_t{64} * 1024 * 1024;

// No pieces at all if they would be too large.
Rendering render_pieces(const Commit& commit) {
  Rendering rendering;
  const Changes& changes = commit.changes();
  rendering.ends.reserve(changes.size());
  for (const Change& change : changes) {
    append_event(rendering.bytes, change);
    if (rendering.bytes.size() > most_in_pieces) return {};
    rendering.ends.push_back(static_cast<std::uint32_t>(rendering.bytes.size()));
  }
  return rendering;
}

// A change's event, for whoever puts together a choice of them; empty if it must be made.
std::string_view piece(const Commit& commit, std::size_t index) {
  const Rendering& all = commit.rendering(event_pieces, render_pieces);
  if (all.ends.empty()) return {};
  std::size_t begin = index == 0 ? 0 : all.ends[index - 1];
  return std::string_view(all.bytes).substr(begin, all.ends[index] - begin);
}

void append_more(std::string& out, std::string_view event) {
  event.remove_suffix(1);
  out.append(event).append(",\"more\":true}");
}

// Writes the changes chosen of one commit, each when it is known whether more of its revision follow.
class Choice {
 public:
  Choice(EventFrames& frames, const Commit& commit, const WatchRequest& request, std::string_view topic, bool shared)
      : frames_(frames), commit_(commit), request_(request), topic_(topic), shared_(shared) {}

  void take(std::size_t index) {
    if (waiting_) write(revision(*waiting_) == revision(index));
    waiting_ = index;
  }
  void end() {
    if (waiting_) write(false);
    waiting_.reset();
    frames_.flush();
  }

 private:
  Revision revision(std::size_t index) const { return commit_.changes()[index].revision(); }

  void write(bool more) {
    std::string& out = frames_.begin();
    append(out, more);
    if (more) return frames_.end();
    frames_.end(revision(*waiting_));
    frames_.end_revision();
  }

  // Of a rendering that all share the pieces would be a copy too many.
  void append(std::string& out, bool more) {
    const Change& change = commit_.changes()[*waiting_];
    if (request_.form == WatchForm::legacy) return append_legacy_event(out, change, topic_);
    bool own = shared_ || request_.previous || request_.value != ValueForm::value;
    std::string_view made = own ? std::string_view{} : piece(commit_, *waiting_);
    if (made.empty()) {
      const Record* previous = request_.previous ? change.previous.get() : nullptr;
      return append_event(out, change, request_.value, {.more = more, .previous = previous});
    }
    if (more) return append_more(out, made);
    out += made;
  }

  EventFrames& frames_;
  const Commit& commit_;
  const WatchRequest& request_;
  const std::string_view topic_;
  const bool shared_;
  std::optional<std::size_t> waiting_;
};

Rendering render_events(const Commit& commit, WatchForm form, LogId log, std::string_view topic) {
  WatchRequest everything;
  everything.form = form;
  EventFrames frames(form, !is_websocket(form), log);
  Choice choice(frames, commit, everything, topic, true);
  Ops ops = everything.default_ops();
  for (std::size_t i = 0; i < commit.changes().size(); ++i) {
    if (ops.has(commit.changes()[i].op)) choice.take(i);
  }
  choice.end();
  return {std::move(frames.out()), {}};
}

}  // namespace

const Rendering& shared_events(const Commit& commit, WatchForm form, LogId log, std::string_view topic) {
  return commit.rendering(kind_of(form),
                          [form, log, topic](const Commit& one) { return render_events(one, form, log, topic); });
}

Newest::Newest(State state, const std::vector<CommitRef>& commits) : state_(std::move(state)) {
  for (const CommitRef& commit : commits) {
    for (const Change& change : commit->changes()) last_[change.record->key()] = change.revision();
  }
}

bool Newest::replaced(const Change& change) const {
  auto last = last_.find(change.record->key());
  if (last != last_.end() && last->second > change.revision()) return true;
  const Record* record = state_.find(change.record->key());
  if (record) return record->revision() > change.revision();
  return change.op == Op::set && state_.revision() > change.revision();
}

Appended append_changes(EventFrames& frames, const Commit& commit, Revision after, const WatchRequest& request,
                        std::uint64_t left, std::string_view topic, const Newest* newest) {
  const Changes& changes = commit.changes();
  Choice choice(frames, commit, request, topic, false);
  Appended appended;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    Revision revision = change.revision();
    if (appended.count >= left && revision != appended.last) break;
    if (revision <= after || !request.ops.has(change.op) || !request.filter.matches(change.record->key())) continue;
    if (newest && newest->replaced(change)) {
      ++appended.skipped;
      continue;
    }
    choice.take(i);
    ++appended.count;
    appended.last = revision;
  }
  choice.end();
  return appended;
}

}  // namespace kvs
