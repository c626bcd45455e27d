// /v1/kv/{key}
#include "kvs/net/accept.hpp"
#include "kvs/net/conditional.hpp"
#include "kvs/net/dialogue.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/net/target.hpp"

namespace kvs {

namespace {

// A field as conditional.hpp wants it: without data if it was not sent.
std::string_view sent(const RequestHead& head, Known known, std::string& scratch) {
  if (!head.has(known)) return {};
  std::string_view list = head.list(known, scratch);
  return list.data() ? list : std::string_view("");
}

constexpr ParameterRule own_rules[] = {{"record"}};
constexpr auto item_rules = read_parameters(own_rules);

}  // namespace

Dialogue::Need Dialogue::kv_item(std::string_view body) {
  auto key = decode_key(head_.path().substr(kv_item_prefix.size()), key_scratch_);
  if (!key) return refuse(key.error());
  switch (head_.method()) {
    case Method::put:
      return put_item(*key, body);
    case Method::del:
      return delete_item(*key);
    default:
      return get_item(*key);
  }
}

Dialogue::Need Dialogue::get_item(std::string_view key) {
  bool as_record = head_.has(Known::accept) && prefers_record(head_.value(Known::accept));
  if (!wants_any_state()) {
    auto query = parse_query(head_.query(), item_rules);
    if (!query) return refuse(query.error());
    auto flag = query->flag("record");
    if (!flag) return refuse(flag.error());
    as_record = as_record || *flag;
    if (auto need = await_state(parse_consistency(head_, *query, worker_))) return *need;
  }
  const State& state = worker_.view().held();
  const Record* record = state.find(key);
  int status = 200;
  if (head_.has(Known::if_match) || head_.has(Known::if_none_match)) {
    std::string match_scratch, none_scratch;
    auto verdict =
        judge_read(sent(head_, Known::if_match, match_scratch), sent(head_, Known::if_none_match, none_scratch),
                   record ? record->revision() : no_revision);
    if (!verdict) return refuse(verdict.error());
    if (*verdict == ReadVerdict::failed) {
      Reply(worker_, out_, manners_)
          .problem(errc::condition_failed, "the key has another revision than If-Match asks for",
                   current_members(record));
      return answered();
    }
    if (*verdict == ReadVerdict::not_modified && record) status = 304;
  }
  if (!record) return refuse({errc::no_such_key, "there is no such key"});
  answer_item(*record, as_record, status);
  return answered();
}

void Dialogue::answer_item(const Record& record, bool as_record, int status) {
  Reply reply(worker_, out_, manners_);
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

// What the head of a PUT tells to be wrong beside its key, whatever its body will be.
std::optional<Problem> Dialogue::check_put() {
  if (!head_.query().empty()) {
    auto query = parse_query(head_.query(), {});
    if (!query) return query.error();
  }
  if (head_.has(Known::content_encoding)) {
    return Problem{errc::unsupported_media_type, "a value is stored as it is: send it without Content-Encoding"};
  }
  if (head_.find("content-range"))
    return Problem{errc::malformed, "a value is replaced as a whole: send it without Content-Range"};
  if (head_.value(Known::content_type).size() > max_content_type_size) {
    return Problem{errc::headers_too_large, "a content type has at most 255 bytes"};
  }
  auto conditions = this->conditions();
  if (!conditions) return conditions.error();
  return std::nullopt;
}

result<std::vector<Condition>> Dialogue::conditions() const {
  if (!head_.has(Known::if_match) && !head_.has(Known::if_none_match)) return std::vector<Condition>{};
  std::string match_scratch, none_scratch;
  return parse_conditions(sent(head_, Known::if_match, match_scratch), sent(head_, Known::if_none_match, none_scratch));
}

Dialogue::Need Dialogue::put_item(std::string_view key, std::string_view body) {
  if (auto problem = check_put()) return refuse(*problem);
  Command command;
  command.conditions = *conditions();
  command.record = record_ ? std::move(record_) : Record::make(key, body, head_.value(Known::content_type));
  return submit(std::move(command), WriteForm::put);
}

Dialogue::Need Dialogue::delete_item(std::string_view key) {
  if (!head_.query().empty()) {
    auto query = parse_query(head_.query(), {});
    if (!query) return refuse(query.error());
  }
  auto conditions = this->conditions();
  if (!conditions) return refuse(conditions.error());
  Command command;
  command.kind = Command::Kind::remove;
  command.conditions = std::move(*conditions);
  command.record = Record::make(key, std::string_view{});
  return submit(std::move(command), WriteForm::remove);
}

Dialogue::Need Dialogue::submit(Command&& command, WriteForm form) {
  command.origin = peer_;
  command.request_id = manners_.request_id;
  PublishResult result = writes_.submit(std::move(command), form, manners_);
  if (result != PublishResult::accepted) return refuse(publish_problem(result, worker_));
  closing_ = closing_ || manners_.close;
  return Need::next;
}

}  // namespace kvs
