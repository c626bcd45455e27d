// The writes of /v1.
#include <algorithm>

#include "kvs/net/dialogue.hpp"
#include "kvs/net/memory_limit.hpp"
#include "kvs/net/target.hpp"
#include "kvs/net/transaction_request.hpp"
#include "kvs/net/write_request.hpp"
#include "kvs/payload_digest.hpp"

namespace kvs {

namespace {

std::size_t found_bytes(const std::vector<Transaction::Step>& steps, const State& state) {
  std::size_t bytes = 0;
  for (const Transaction::Step& step : steps) {
    const Record* found = step.kind == Transaction::Step::Kind::get ? state.find(step.record->key()) : nullptr;
    if (found) bytes += found->footprint();
  }
  return bytes;
}

// By the state as it is now: what comes before it in the order may still change what the gets give, but not who pays.
std::optional<Problem> check_results(const Transaction& transaction, const State& state) {
  std::size_t bytes = std::max(found_bytes(transaction.then, state), found_bytes(transaction.otherwise, state));
  if (bytes <= max_results_bytes) return std::nullopt;
  return Problem{errc::request_too_large, "its gets would give " + std::to_string(bytes) + " bytes, more than the " +
                                              std::to_string(max_results_bytes) + " of one answer: get fewer keys"};
}

}  // namespace

Dialogue::Need Dialogue::put_item(std::string_view key, std::string_view body) {
  Command command;
  if (auto problem = read_write(head_, WriteForm::put, command)) return refuse(*problem);
  command.record = record_ ? std::move(record_) : Record::make(key, body, head_.value(Known::content_type));
  return submit(std::move(command), WriteForm::put);
}

Dialogue::Need Dialogue::touch_item(std::string_view key) {
  Command command;
  if (auto problem = read_write(head_, WriteForm::touch, command)) return refuse(*problem);
  command.kind = Command::Kind::touch;
  command.record = Record::make(key, std::string_view{});
  return submit(std::move(command), WriteForm::touch);
}

Dialogue::Need Dialogue::delete_item(std::string_view key) {
  Command command;
  if (auto problem = read_write(head_, WriteForm::remove, command)) return refuse(*problem);
  command.kind = Command::Kind::remove;
  command.record = Record::make(key, std::string_view{});
  return submit(std::move(command), WriteForm::remove);
}

// DELETE /v1/kv
Dialogue::Need Dialogue::delete_range() {
  Command command;
  if (auto problem = read_write(head_, WriteForm::remove_range, command)) return refuse(*problem);
  if (!login_->rights().may_write_all(command.record->key())) return refuse(login_->denial("delete all of these keys"));
  command.kind = Command::Kind::remove_range;
  return submit(std::move(command), WriteForm::remove_range);
}

// POST /v1/txn
Dialogue::Need Dialogue::transaction(std::string_view body) {
  Command command;
  if (auto problem = read_write(head_, WriteForm::transaction, command)) return refuse(*problem);
  auto transaction = parse_transaction(body, worker_.options().max_value_size);
  if (!transaction) return refuse(transaction.error());
  if (auto problem = authorize_transaction(**transaction)) return refuse(*problem);
  const State& state = worker_.view().held();
  bool retried = !command.request_key.empty() && state.answer(command.request_key);  // its answer is remembered
  if (auto problem = check_results(**transaction, state); problem && !retried) return refuse(*problem);
  command.kind = Command::Kind::transaction;
  command.transaction = std::move(*transaction);
  return submit(std::move(command), WriteForm::transaction);
}

std::optional<WriteForm> Dialogue::write_form() const {
  bool deletes = head_.method() == Method::del;
  if (route_->route == Route::kv_list && deletes) return WriteForm::remove_range;
  if (route_->route == Route::transaction && head_.method() == Method::post) return WriteForm::transaction;
  if (route_->route != Route::kv_item) return std::nullopt;
  if (head_.method() == Method::put) return WriteForm::put;
  if (head_.method() == Method::patch) return WriteForm::touch;
  return deletes ? std::optional(WriteForm::remove) : std::nullopt;
}

Dialogue::Need Dialogue::submit(Command&& command, WriteForm form) {
  RequestKeys::Use use;
  if (!command.request_key.empty()) {
    use = worker_.counters().request_keys.begin(command.request_key);
    if (!use) {
      return refuse({errc::request_key_in_use,
                     "a request with this Idempotency-Key is still under way: wait for its answer, or try again"});
    }
    command.payload = payload_digest(command);
  }
  if (auto problem = check_memory(command, worker_)) return refuse(*problem);
  manners_.hides_current = command.record && !login_->rights().may_read(command.record->key());
  command.origin = peer_;
  command.request_id = manners_.request_id;
  bool closes = manners_.close;
  PublishResult result = writes_.submit(std::move(command), form, manners_, std::move(use));
  if (result != PublishResult::accepted) return refuse(publish_problem(result, worker_));
  closing_ = closing_ || closes;
  return Need::next;
}

}  // namespace kvs
