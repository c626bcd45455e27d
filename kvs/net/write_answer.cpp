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

constexpr std::string_view replayed_field = "Idempotency-Replayed: true\r\n";

void end(Reply& reply, const Verdict& verdict, std::string_view text) {
  if (verdict.replayed) reply.fields(replayed_field);
  reply.field("Cache-Control", "no-store").body(json, text);
}

// A record, null, or of one that is only remembered what is known of it.
void append_found(std::string& text, const Record* record, bool replayed) {
  if (!record) {
    text += "null";
  } else if (replayed) {
    text += '{';
    append_json_member(text, "key", record->key());
    text += ",\"revision\":";
    append_number(text, number(record->revision()));
    text += '}';
  } else {
    append_record(text, *record);
  }
}

// {"key","revision","created"?,"expires"?}
void answer_record(Reply& reply, WriteForm form, std::string_view key, const Verdict& verdict) {
  thread_local std::string text;  // keeps its memory; there is never more in it than a key takes as JSON
  text.clear();
  text += '{';  // not = "{": GCC 12 warns of an overlap that is none
  append_json_member(text, "key", key);
  text += ",\"revision\":";
  append_number(text, number(verdict.revision));
  if (form == WriteForm::put) text += verdict.created ? ",\"created\":true" : ",\"created\":false";
  append_expires(text, verdict);
  text += "}\n";
  reply.begin(verdict.created ? 201 : 200, verdict.revision).etag(verdict.revision);
  end(reply, verdict, text);
}

// {"deleted","revision"}
void answer_removal(Reply& reply, const Verdict& verdict) {
  std::string text = "{\"deleted\":";
  append_number(text, verdict.deleted);
  text += ",\"revision\":";
  append_number(text, number(verdict.revision));
  text += "}\n";
  reply.begin(200, verdict.revision);
  end(reply, verdict, text);
}

// {"op":"set","key","revision","created"} | {"op":"delete","key","deleted"} | {"op":"get","key","record"}
void append_result(std::string& text, const TransactionOutcome::Result& result, const Verdict& verdict) {
  using Kind = Transaction::Step::Kind;
  text += result.kind == Kind::set      ? "{\"op\":\"set\","
          : result.kind == Kind::remove ? "{\"op\":\"delete\","
                                        : "{\"op\":\"get\",";
  append_json_member(text, "key", result.asked->key());
  if (result.kind == Kind::set) {
    text += ",\"revision\":";
    append_number(text, number(verdict.revision));
    text += result.done ? ",\"created\":true}" : ",\"created\":false}";
  } else if (result.kind == Kind::remove) {
    text += result.done ? ",\"deleted\":1}" : ",\"deleted\":0}";
  } else {
    text += ",\"record\":";
    append_found(text, result.found.get(), verdict.replayed);
    text += '}';
  }
}

// {"succeeded","revision","results"}
void answer_transaction(Reply& reply, const Verdict& verdict) {
  const TransactionOutcome& outcome = *verdict.transaction;
  std::string text = outcome.succeeded ? "{\"succeeded\":true,\"revision\":" : "{\"succeeded\":false,\"revision\":";
  append_number(text, number(verdict.revision));
  text += ",\"results\":[";
  for (const auto& result : outcome.results) {
    if (text.back() != '[') text += ',';
    append_result(text, result, verdict);
  }
  text += "]}\n";
  reply.begin(200, verdict.revision);
  end(reply, verdict, text);
}

void answer_refused(Reply& reply, const Verdict& verdict) {
  const Record* current = verdict.current.get();
  reply.problem(errc::condition_failed,
                current ? "the key is not as the request asks for; read it and try again with its ETag"
                        : "there is no such key, but the request asks for one",
                current_members(current, verdict.replayed || reply.hides_current()), 0,
                verdict.replayed ? replayed_field : std::string_view{});
}

}  // namespace

void answer_write(Reply& reply, WriteForm form, std::string_view key, const Verdict& verdict) {
  if (verdict.outcome == Verdict::Outcome::refused) return answer_refused(reply, verdict);
  switch (form) {
    case WriteForm::touch:
      if (verdict.outcome == Verdict::Outcome::nothing) {
        return reply.problem(errc::no_such_key, "there is no such key", {}, 0,
                             verdict.replayed ? replayed_field : std::string_view{});
      }
      return answer_record(reply, form, key, verdict);
    case WriteForm::put:
      return answer_record(reply, form, key, verdict);
    case WriteForm::remove:
    case WriteForm::remove_range:
      return answer_removal(reply, verdict);
    case WriteForm::transaction:
      return answer_transaction(reply, verdict);
    case WriteForm::legacy_set:
      reply.begin(200, verdict.revision).field("Cache-Control", "no-store");
      return reply.body("text/plain; charset=utf-8", "\"SUCCESS\"\n");
  }
}

std::string current_members(const Record* current, bool bare) {
  std::string text = "\"current_revision\":";
  append_number(text, current ? number(current->revision()) : 0);
  text += ",\"current\":";
  append_found(text, current, bare);
  return text;
}

}  // namespace kvs
