// /v1/requests/{id}: what became of a write whose answer never came.
#include <algorithm>

#include "kvs/net/dialogue.hpp"
#include "kvs/net/parameters.hpp"
#include "kvs/store/answers.hpp"

namespace kvs {

namespace {

constexpr std::size_t longest_id = 255;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

struct Told {
  std::string_view outcome;
  int status;  // of the answer that the write got, or would have got; 0: not known
};

Told told(const RequestLog::Entry& entry) {
  switch (entry.outcome) {
    case Verdict::Outcome::applied:
      return {"applied", entry.created ? 201 : 200};
    case Verdict::Outcome::nothing:  // a delete that found nothing to delete has done all it was to do
      if (entry.missing) return {"refused", http_status(errc::no_such_key)};
      return {"applied", 200};
    case Verdict::Outcome::refused:
      return {"refused", http_status(errc::condition_failed)};
    case Verdict::Outcome::failed:
      return {"not_applied", http_status(errc::bus_away)};
    case Verdict::Outcome::no_room:
      return {"not_applied", http_status(errc::out_of_space)};
    case Verdict::Outcome::reused:
      return {"not_applied", http_status(errc::request_key_reused)};
    case Verdict::Outcome::unknown:
      return {"unknown", http_status(errc::outcome_unknown)};
  }
  return {"unknown", 0};
}

}  // namespace

Dialogue::Need Dialogue::request_outcome() {
  auto id = decode_key(head_.path().substr(request_prefix.size()), key_scratch_);
  if (!id || !is_request_id(*id)) {
    return refuse({errc::bad_parameter,
                   "name the write in the path by its Idempotency-Key or request id (Kvs-Request-Id): 1 to 255 visible "
                   "ASCII characters, "
                   "percent-encoded"});
  }
  if (!wants_any_state()) {
    auto query = parse_query(head_.query(), plain_read_parameters);
    if (!query) return refuse(query.error());
    if (auto need = await_state(parse_consistency(head_, *query, worker_))) return *need;
  }
  std::optional<RequestLog::Entry> entry;  // a request key's verdict is everywhere the same, so it comes first
  if (const Record* answer = worker_.view().held().answer(*id)) entry = remembered(*answer);
  if (!entry) entry = worker_.store().requests().find(*id);
  Told found = entry ? told(*entry) : Told{"unknown", 0};
  std::string text = "{\"id\":";
  append_json_string(text, *id);
  (text += ",\"outcome\":\"").append(found.outcome) += '"';
  if (entry && entry->revision != no_revision) {
    text += ",\"revision\":";
    append_number(text, number(entry->revision));
  }
  if (found.status != 0) {
    text += ",\"status\":";
    append_number(text, static_cast<std::uint64_t>(found.status));
  }
  text += "}\n";
  begin_answer().begin(200).field("Cache-Control", "no-store").body("application/json", text);
  return answered();
}

}  // namespace kvs
