#include "kvs/net/write_answer.hpp"

#include "kvs/json_text.hpp"
#include "kvs/net/record_json.hpp"

namespace kvs {
namespace {

constexpr std::string_view json = "application/json";

void append_expires(std::string& text, const Verdict& verdict) {
  if (!verdict.expires) return;
  text += ",\"expires\":\"";
  append_time(text, *verdict.expires);
  text += '"';
}

void end(Reply& reply, std::string_view text) { reply.field("Cache-Control", "no-store").body(json, text); }

// {"key","revision","created"?,"expires"?}
void answer_record(Reply& reply, WriteForm form, std::string_view key, const Verdict& verdict) {
  thread_local std::string text;  // keeps its memory; there is never more in it than a key takes as JSON
  text = "{";
  append_json_member(text, "key", key);
  text += ",\"revision\":";
  append_number(text, number(verdict.revision));
  if (form == WriteForm::put) text += verdict.created ? ",\"created\":true" : ",\"created\":false";
  append_expires(text, verdict);
  text += "}\n";
  reply.begin(verdict.created ? 201 : 200, verdict.revision).etag(verdict.revision);
  end(reply, text);
}

// {"deleted","revision"}
void answer_removal(Reply& reply, const Verdict& verdict) {
  std::string text = "{\"deleted\":";
  append_number(text, verdict.deleted);
  text += ",\"revision\":";
  append_number(text, number(verdict.revision));
  text += "}\n";
  reply.begin(200, verdict.revision);
  end(reply, text);
}

void answer_refused(Reply& reply, const Verdict& verdict) {
  const Record* current = verdict.current.get();
  reply.problem(errc::condition_failed,
                current ? "the key is not as the request asks for; read it and try again with its ETag"
                        : "there is no such key, but the request asks for one",
                current_members(current));
}

}  // namespace

void answer_write(Reply& reply, WriteForm form, std::string_view key, const Verdict& verdict) {
  if (verdict.outcome == Verdict::Outcome::refused) return answer_refused(reply, verdict);
  switch (form) {
    case WriteForm::touch:
      if (verdict.outcome == Verdict::Outcome::nothing) return reply.problem(errc::no_such_key, "there is no such key");
      return answer_record(reply, form, key, verdict);
    case WriteForm::put:
      return answer_record(reply, form, key, verdict);
    case WriteForm::remove:
    case WriteForm::remove_range:
      return answer_removal(reply, verdict);
    case WriteForm::legacy_set:
      return reply.begin(200, verdict.revision).body("text/plain; charset=utf-8", "\"SUCCESS\"\n");
  }
}

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

}  // namespace kvs
