// /v1/kv/{key}
#include "kvs/net/accept.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/dialogue.hpp"
#include "kvs/net/parameters.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/write_request.hpp"

namespace kvs {

Dialogue::Need Dialogue::kv_item(std::string_view body) {
  auto key = decode_key(head_.path().substr(kv_item_prefix.size()), key_scratch_);
  if (!key) return refuse(key.error());
  switch (head_.method()) {
    case Method::put:
      return put_item(*key, body);
    case Method::patch:
      return touch_item(*key);
    case Method::del:
      return delete_item(*key);
    default:
      return get_item(*key);
  }
}

Dialogue::Need Dialogue::get_item(std::string_view key) {
  std::string accept_scratch;
  bool as_record = head_.has(Known::accept) && prefers_record(head_.list(Known::accept, accept_scratch));
  if (!wants_any_state()) {
    auto query = parse_query(head_.query(), item_parameters);
    if (!query) return refuse(query.error());
    auto flag = query->flag("record");
    if (!flag) return refuse(flag.error());
    as_record = as_record || *flag;
    auto wanted = parse_consistency(head_, *query, worker_);
    if (!wanted) return refuse(wanted.error());
    if (auto problem = parse_as_of(*query, worker_, *wanted)) return refuse(*problem);
    if (auto need = await_state(wanted)) return *need;
  }
  const Record* record = shown().find(key);
  int status = 200;
  if (head_.has(Known::if_match) || head_.has(Known::if_none_match)) {
    std::string match_scratch, none_scratch;
    auto verdict =
        judge_read(sent(head_, Known::if_match, match_scratch), sent(head_, Known::if_none_match, none_scratch),
                   record ? record->revision() : no_revision);
    if (!verdict) return refuse(verdict.error());
    if (*verdict == ReadVerdict::failed) {
      begin_answer().problem(errc::condition_failed, "the key has another revision than If-Match asks for",
                             current_members(record));
      return answered();
    }
    if (*verdict == ReadVerdict::not_modified && record) status = 304;
  }
  worker_.traffic().done(KeyOperation::get, record ? Result::ok : Result::nothing);
  if (!record) return refuse({errc::no_such_key, "there is no such key"});
  answer_item(*record, as_record, status);
  return answered();
}

void Dialogue::answer_item(const Record& record, bool as_record, int status) {
  Reply reply = begin_answer();
  reply.begin(status).etag(record.revision()).fields("Vary: Accept\r\nCache-Control: no-cache\r\n");
  if (status == 304) return reply.no_body();
  if (as_record) {
    std::string text;
    append_record(text, record);
    text += '\n';
    return reply.body("application/json", text);
  }
  // What somebody stored must not run as a page of this server.
  reply.fields("Content-Security-Policy: sandbox; default-src 'none'\r\n");
  reply.body(record.content_type().empty() ? "application/octet-stream" : record.content_type(), record.value());
}

}  // namespace kvs
