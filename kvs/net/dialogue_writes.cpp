// The writes of /v1.
#include "kvs/net/dialogue.hpp"
#include "kvs/net/target.hpp"
#include "kvs/net/write_request.hpp"

namespace kvs {

Dialogue::Need Dialogue::put_item(std::string_view key, std::string_view body) {
  auto request = parse_write(head_, WriteForm::put);
  if (!request) return refuse(request.error());
  Command command;
  command.conditions = std::move(request->conditions);
  command.ttl = request->ttl;
  command.record = record_ ? std::move(record_) : Record::make(key, body, head_.value(Known::content_type));
  return submit(std::move(command), WriteForm::put);
}

Dialogue::Need Dialogue::touch_item(std::string_view key) {
  auto request = parse_write(head_, WriteForm::touch);
  if (!request) return refuse(request.error());
  Command command;
  command.kind = Command::Kind::touch;
  command.conditions = std::move(request->conditions);
  command.ttl = request->ttl;
  command.record = Record::make(key, std::string_view{});
  return submit(std::move(command), WriteForm::touch);
}

Dialogue::Need Dialogue::delete_item(std::string_view key) {
  auto request = parse_write(head_, WriteForm::remove);
  if (!request) return refuse(request.error());
  Command command;
  command.kind = Command::Kind::remove;
  command.conditions = std::move(request->conditions);
  command.record = Record::make(key, std::string_view{});
  return submit(std::move(command), WriteForm::remove);
}

// DELETE /v1/kv
Dialogue::Need Dialogue::delete_range() {
  auto request = parse_write(head_, WriteForm::remove_range);
  if (!request) return refuse(request.error());
  Command command;
  command.kind = Command::Kind::remove_range;
  command.record = Record::make(request->prefix, std::string_view{});
  return submit(std::move(command), WriteForm::remove_range);
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
