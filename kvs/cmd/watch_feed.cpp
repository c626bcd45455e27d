#include "kvs/cmd/watch_feed.hpp"

#include <iostream>

#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/position.hpp"

namespace kvs {
namespace {

// How often a server that has nothing for this watch says how far it is: else a quiet one would stay at its last change
// until the history no longer reaches back to it.
constexpr std::string_view progress_interval = "30s";

// "draining since=42@00c0ffee00c0ffee": the position; empty if there is none.
std::string position_in(std::string_view word) {
  constexpr std::string_view mark = " since=";
  std::size_t at = word.rfind(mark);
  if (at == std::string_view::npos) return {};
  std::string position(word.substr(at + mark.size()));
  return parse_position(position) ? position : "";
}

std::string_view color_of(std::string_view op) { return op == "set" ? "32" : "31"; }

// A flag that would do nothing is a mistake.
void refuse_without_program(const Settings& settings) {
  if (!settings.program().empty()) return;
  for (const char* name : {"coalesce", "debounce", "fail-fast", "kill-timeout"})
    if (settings.given(name)) throw settings.wrong(name, "goes with a program: kvs watch ... -- CMD");
}

std::string choice_of(const Settings& settings) {
  std::string parameters;
  if (settings.on("keys-only")) parameters += "&keys_only=1";
  if (settings.on("prev")) parameters += "&prev=1";
  if (settings.given("ops")) parameters += "&ops=" + settings.text("ops");
  if (settings.text("deliver") == "latest") parameters += "&deliver=latest";
  return parameters;
}

}  // namespace

WatchFeed::WatchFeed(const Settings& settings, Output& output)
    : output_(output),
      resume_(settings.text("resume-file")),
      on_gap_(settings.given("on-gap") ? settings.text("on-gap") : ""),
      keys_(settings.arguments()),
      prefixes_(settings.list("prefix")),
      choice_(choice_of(settings)),
      initial_(settings.on("initial")),
      position_(settings.text("since")),
      left_(settings.given("count") ? settings.number("count") : UINT64_MAX) {
  if (settings.given("key")) keys_.push_back(settings.text("key"));
  for (const std::string& key : keys_)
    if (key.empty()) throw UsageError("a key has at least one byte");
  refuse_without_program(settings);
  if (!settings.program().empty()) runner_.emplace(settings, resume_);
  if (settings.on("keys-only") && output.form() == Form::raw)
    throw settings.wrong("keys-only", "leaves nothing of -o raw, which is the values");
  if (initial_ && !position_.empty()) throw UsageError("give --since or --initial, not both");
  if (left_ == 0) throw UsageError("--count: at least 1");
  if (resume_.position().empty()) return;
  position_ = resume_.position();
  initial_ = false;
}

std::string WatchFeed::target() const {
  std::string target = "/v1/watch";
  for (const std::string& key : keys_) add_parameter(target, "key", key);
  for (const std::string& prefix : prefixes_) add_parameter(target, "prefix", prefix);
  if (initial_) add_parameter(target, "initial", "1");
  if (!initial_ && !position_.empty()) add_parameter(target, "since", position_);
  if (!on_gap_.empty()) add_parameter(target, "on_gap", on_gap_);
  add_parameter(target, "progress", progress_interval);
  return target + choice_;
}

// What was taken may still wait for its program: only the resume file knows.
std::string WatchFeed::how_to_go_on() const {
  return initial_ || position_.empty() || runner_ ? "" : "--since " + position_ + " goes on from here";
}

// The answer's revision is the cursor: everything after it will come. With an initial state the cursor counts only
// from `synced` on.
void WatchFeed::opened(const ClientAnswer& answer) {
  log_id_ = answer.field("kvs-log-id");
  between_revisions_ = true;
  bridging_ = false;
  std::string cursor(answer.field("kvs-revision"));
  if (!initial_ && position_.empty() && !cursor.empty()) position_ = log_id_.empty() ? cursor : cursor + "@" + log_id_;
}

bool WatchFeed::refused(const ClientAnswer& answer) {
  bool other = answer.status == 410 && json_string(answer.body, "code") == "other_log";
  if (!other || on_gap_ == "fail") return false;
  std::string log(answer.field("kvs-log-id"));
  say("the server has another history" + (log.empty() ? "" : " (" + log + ")") + " than that of " + position_ +
      ": what follows is its whole state");
  std::string revision = std::to_string(json_number(answer.body, "current_revision").value_or(0));
  std::string oldest = std::to_string(json_number(answer.body, "oldest_revision").value_or(0));
  hand_over(parse_item(R"({"op":"reset","revision":)" + revision + R"(,"oldest_revision":)" + oldest + "}"));
  output_.flush();
  position_.clear();
  initial_ = true;
  between_revisions_ = true;
  return true;
}

void WatchFeed::move_to(std::uint64_t revision) {
  if (revision == 0 && !between_revisions_) return;
  position_ = std::to_string(revision);
  if (!log_id_.empty()) position_ += "@" + log_id_;
}

bool WatchFeed::take(std::string_view message) {
  for (const Item& event : parse_items(message)) {
    if (event.op == "reset") initial_ = true;  // the whole state follows: half of it is no place to go on from
    if (event.op == "diff") bridging_ = true;
    if (event.op == "synced") initial_ = bridging_ = false;
    hand_over(event);
    if (event.change() && !event.initial) {
      between_revisions_ = !event.more;
      if (left_ > 0) --left_;
    }
    bool whole = !event.initial && !event.more && event.op != "reset" && event.op != "diff";
    if (whole && !initial_ && event.revision > 0) move_to(event.revision);
    if (left_ == 0 && between_revisions_) break;
  }
  output_.flush();
  if (runner_) {
    runner_->reached(initial_ ? "" : position_);
  } else if (!initial_) {
    resume_.keep_soon(position_);
  }
  return left_ > 0 || !between_revisions_;
}

// Half a state, or half a revision, is no place to go on from.
void WatchFeed::ended(std::string_view word) {
  std::string position = position_in(word);
  if (position.empty() || initial_ || !between_revisions_) return;
  position_ = position;
  if (runner_) return runner_->reached(position_);
  resume_.keep(position_);
}

awaitable<void> WatchFeed::work(Executor executor) {
  return runner_ ? runner_->work(executor) : resume_.work(executor);
}

void WatchFeed::stop(int code) { runner_ ? runner_->stop(code) : resume_.stop(); }

void WatchFeed::hand_over(const Item& event) {
  if (!runner_) return print(event);
  if (event.change()) runner_->take(event, initial_ ? "" : position_);
}

void WatchFeed::print(const Item& event) {
  Form form = output_.form();
  if (event.op == "progress") return;
  if (form == Form::human || form == Form::table) {
    print_line(event);
  } else if (form == Form::raw) {
    if (event.op == "set") output_.write(event.value.value_or("") + "\n");
  } else {
    output_.write_json_line(event.json);
  }
}

void WatchFeed::print_line(const Item& event) {
  std::string line = std::to_string(event.revision) + "  ";
  if (event.change()) {
    line +=
        output_.painted(event.op, color_of(event.op)) + std::string(8 - std::min<std::size_t>(event.op.size(), 7), ' ');
    line += escaped(event.key, Escape::line);
    if (event.value) line += "  " + value_cell(*event.value);
    if (event.previous) line += "  (was " + value_cell(*event.previous) + ")";
  } else if (event.op == "diff") {
    line += output_.painted("diff    the history no longer reaches back: what follows is the net difference", "33");
  } else if (event.op == "reset") {
    line +=
        output_.painted("reset   the history no longer reaches back: forget everything, the whole state follows", "33");
  } else if (event.op == "stale") {
    std::string since = json_string(event.json, "time").value_or("");
    return say("the server has lost its bus" + (since.empty() ? "" : " (" + since + ")") +
               ": changes come when it is back");
  } else if (event.op == "skipped") {
    return say(std::to_string(json_number(event.json, "count").value_or(0)) +
               " changes were left out, since newer ones of the same keys are told");
  } else if (event.op == "fresh") {
    return say("the server has its bus again");
  } else {
    return;  // synced: nothing happened to a key
  }
  output_.write(line + "\n");
}

// Not data: on stderr, after what was printed before.
void WatchFeed::say(const std::string& line) const {
  if (output_.quiet()) return;
  output_.flush();
  std::cerr << "kvs: " + escaped(line, Escape::line) + "\n" << std::flush;
}

}  // namespace kvs
