#include "kvs/net/watch_messages.hpp"

#include <utility>

#include "kvs/net/record_json.hpp"
#include "kvs/net/websocket.hpp"

namespace kvs {

namespace {

// What the renderings of a Commit are, by number.
enum Kind : std::size_t { event_pieces, event_messages, legacy_messages };

Rendering render_pieces(const Commit& commit) {
  Rendering rendering;
  const Changes& changes = commit.changes();
  rendering.ends.reserve(changes.size());
  for (const Change& change : changes) {
    append_event(rendering.bytes, change);
    rendering.ends.push_back(static_cast<std::uint32_t>(rendering.bytes.size()));
  }
  return rendering;
}

// Every change's event, for whoever puts together a choice of them.
const Rendering& pieces(const Commit& commit) { return commit.rendering(event_pieces, render_pieces); }

std::string_view piece(const Rendering& all, std::size_t index) {
  std::size_t begin = index == 0 ? 0 : all.ends[index - 1];
  return std::string_view(all.bytes).substr(begin, all.ends[index] - begin);
}

Rendering render_messages(const Commit& commit) {
  Rendering rendering;
  MessageBuilder messages(rendering.bytes);
  Revision last = no_revision;
  for (const Change& change : commit.changes()) {
    if (std::exchange(last, change.revision()) != change.revision()) messages.end_revision();
    append_event(messages.begin_event(), change);
  }
  messages.flush();
  return rendering;
}

void append_legacy_message(std::string& out, const Change& change, std::string_view topic) {
  std::string text;
  append_legacy_event(text, change, topic);
  append_frame(out, FrameType::text, text);
}

Appended append_legacy_messages(std::string& out, const Commit& commit, Revision after, bool deletes,
                                std::string_view topic) {
  Appended appended;
  for (const Change& change : commit.changes()) {
    if (change.revision() <= after || (change.op != Op::set && !deletes)) continue;
    append_legacy_message(out, change, topic);
    appended = {appended.count + 1, change.revision()};
  }
  return appended;
}

}  // namespace

std::string& MessageBuilder::begin_event() {
  events_ += events_.empty() ? '[' : ',';
  return events_;
}

void MessageBuilder::end_revision() {
  if (events_.size() >= event_message_bytes) flush();
}

void MessageBuilder::flush() {
  if (events_.empty()) return;
  events_ += ']';
  append_frame(out_, FrameType::text, events_);
  events_.clear();
}

const Rendering& shared_messages(const Commit& commit) { return commit.rendering(event_messages, render_messages); }

const Rendering& shared_legacy_messages(const Commit& commit, std::string_view topic) {
  return commit.rendering(legacy_messages, [topic](const Commit& one) {
    Rendering rendering;
    append_legacy_messages(rendering.bytes, one, no_revision, false, topic);
    return rendering;
  });
}

Appended append_messages(std::string& out, const Commit& commit, Revision after, const WatchRequest& request,
                         std::uint64_t left, std::string_view topic) {
  if (request.form == WatchForm::legacy) return append_legacy_messages(out, commit, after, request.deletes, topic);
  const Changes& changes = commit.changes();
  MessageBuilder messages(out);
  Appended appended;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Revision revision = changes[i].revision();
    if (appended.count >= left && revision != appended.last) break;
    if (revision <= after || !request.filter.matches(changes[i].record->key())) continue;
    if (revision != appended.last) messages.end_revision();
    messages.begin_event() += piece(pieces(commit), i);
    appended = {appended.count + 1, revision};
  }
  messages.flush();
  return appended;
}

void append_event_message(std::string& out, std::string_view event) {
  append_frame_header(out, FrameType::text, event.size() + 2);
  out.append("[").append(event).append("]");
}

}  // namespace kvs
