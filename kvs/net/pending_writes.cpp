#include "kvs/net/pending_writes.hpp"

#include "kvs/json_text.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/starting.hpp"

namespace kvs {

namespace {

constexpr std::string_view json = "application/json";

void append_expires(std::string& text, const Verdict& verdict) {
  if (!verdict.expires) return;
  text += ",\"expires\":\"";
  append_time(text, *verdict.expires);
  text += '"';
}

}  // namespace

std::string current_members(const Record* current) {
  std::string text = "\"current_revision\":";
  append_number(text, current ? number(current->revision()) : 0);
  text += ",\"current\":";
  if (current) {
    append_record(text, *current);
  } else {
    text += "null";
  }
  return text;
}

PublishResult PendingWrites::submit(Command&& command, WriteForm form, const Manners& manners) {
  Write write{{}, form, false, command.record, manners, {}};
  PublishResult result =
      worker_.view().submit(std::move(command), *this, static_cast<std::uint32_t>(writes_.size()), write.ticket);
  if (result != PublishResult::accepted) return result;
  writes_.push_back(std::move(write));
  ++unsettled_;
  return result;
}

void PendingWrites::settle(std::uint32_t index, Verdict&& verdict) {
  writes_[index].verdict = std::move(verdict);
  writes_[index].settled = true;
  if (--unsettled_ == 0) wakeup_.notify();
}

void PendingWrites::abandon() {
  for (Write& write : writes_) {
    if (!write.settled) worker_.view().abandon(write.ticket);
  }
  unsettled_ = 0;
}

bool PendingWrites::answer(std::string& out) {
  Write& last = writes_.back();
  last.manners.close = last.manners.close || worker_.draining();
  bool close = last.manners.close;
  for (const Write& write : writes_) answer(write, out);
  writes_.clear();
  return close;
}

void PendingWrites::answer(const Write& write, std::string& out) {
  Reply reply(worker_, out, write.manners);
  switch (write.verdict.outcome) {
    case Verdict::Outcome::applied:
    case Verdict::Outcome::nothing:
      return answer_applied(write, reply);
    case Verdict::Outcome::refused:
      return answer_refused(write, reply);
    case Verdict::Outcome::failed:
      return reply.problem(publish_problem(PublishResult::away, worker_));
    case Verdict::Outcome::no_room:
      return reply.problem(errc::out_of_space,
                           "the server's disk is full: nothing was written; make room there, then try again");
    case Verdict::Outcome::reused:
      return reply.problem(errc::request_key_reused,
                           "this Idempotency-Key was used for another request: nothing was written; take a new one");
    case Verdict::Outcome::unknown:
      return reply.problem(
          errc::outcome_unknown,
          "the write was not settled in time: it may or may not take effect; read the key to find out");
  }
}

void PendingWrites::answer_applied(const Write& write, Reply& reply) {
  const Verdict& verdict = write.verdict;
  std::string text;
  if (write.form == WriteForm::legacy_set) {
    reply.begin(200, verdict.revision).body("text/plain; charset=utf-8", "\"SUCCESS\"\n");
    return;
  }
  if (write.form == WriteForm::remove) {
    text =
        verdict.outcome == Verdict::Outcome::applied ? "{\"deleted\":1,\"revision\":" : "{\"deleted\":0,\"revision\":";
    append_number(text, number(verdict.revision));
    text += "}\n";
    reply.begin(200, verdict.revision).field("Cache-Control", "no-store").body(json, text);
    return;
  }
  text = "{";
  append_json_member(text, "key", write.record->key());
  text += ",\"revision\":";
  append_number(text, number(verdict.revision));
  text += verdict.created ? ",\"created\":true" : ",\"created\":false";
  append_expires(text, verdict);
  text += "}\n";
  reply.begin(verdict.created ? 201 : 200, verdict.revision)
      .etag(verdict.revision)
      .field("Cache-Control", "no-store")
      .body(json, text);
}

void PendingWrites::answer_refused(const Write& write, Reply& reply) {
  const Record* current = write.verdict.current.get();
  reply.problem(errc::condition_failed,
                current ? "the key has another revision than the request asks for; read it and try again with its ETag"
                        : "there is no such key, but the request asks for one",
                current_members(current));
}

namespace {

Problem away_problem(const BusStatus& bus, const std::string& meaning) {
  std::string text = bus.up ? "the bus was away for a moment" : "the bus is away";
  if (!bus.up && !bus.detail.empty()) text += " (" + bus.detail + ")";
  return {errc::bus_away, text + ": " + meaning + "; reads of what is here go on, try again in a second"};
}

}  // namespace

Problem publish_problem(PublishResult result, Worker& worker, std::string_view means) {
  std::string meaning(means);
  Store& store = worker.store();
  if (result == PublishResult::full)
    return {errc::too_many_requests, "too many writes are waiting: " + meaning + "; try again in a second"};
  if (result == PublishResult::too_large)
    return {errc::request_too_large, "the bus can't carry as much at once: " + meaning + "; send less in one request"};
  if (store.phase() == Phase::failed) {
    return {errc::bus_away, "writing to the data directory failed (" + store.failure() + "): " + meaning +
                                "; restart kvs after repair"};
  }
  if (store.phase() == Phase::starting)
    return {errc::starting, starting_text(store) + ": " + meaning + "; try again in a second"};
  if (worker.leaving() || store.phase() == Phase::stopped)
    return {errc::draining, "the server is shutting down: " + meaning + "; try again in a second"};
  return away_problem(store.bus_status(), meaning);
}

}  // namespace kvs
