// What whoever sends a request may do. Where nobody is asked for a token, everything.
#include "kvs/net/dialogue.hpp"

namespace kvs {

namespace {

// Nothing there is anybody's: life signs, the page's own files, what every installation shows alike.
bool is_open(Route route) {
  return route == Route::livez || route == Route::readyz || route == Route::root || route == Route::ui ||
         route == Route::openapi || route == Route::asyncapi;
}

}  // namespace

std::optional<Problem> Dialogue::authorize(const RouteInfo& route) {
  if (is_open(route.route) || head_.method() == Method::options) return std::nullopt;
  if (auto problem = login_->identify(head_)) return problem;
  if (login_->unrestricted()) return std::nullopt;
  const Rights& rights = login_->rights();
  auto need = [this](bool right, std::string_view what) {
    return right ? std::nullopt : std::optional(login_->denial(what));
  };
  bool writes = kvs::writes(route, head_.method());
  switch (route.route) {
    case Route::kv_item:
      return authorize_key(head_.path().substr(kv_item_prefix.size()), writes);
    case Route::key_history:
      return authorize_key(head_.path().substr(history_prefix.size()), false);
    case Route::kv_list:
      return writes ? need(rights.writes(), "delete keys") : need(rights.reads(), "read");
    case Route::transaction:
      return need(rights.reads() || rights.writes(), "read or write keys");
    case Route::legacy_set:
      return need(rights.writes(), "write");
    case Route::watch:
    case Route::legacy_get:
    case Route::legacy_getall:
    case Route::legacy_subscribe:
      return need(rights.reads(), "read");
    case Route::snapshot:
      return need(false, "take snapshots, which only an admin may");
    case Route::metrics:
      return need(rights.metrics(), "read the metrics");
    default:
      return need(login_->holder() != nullptr, "do this");
  }
}

std::optional<Problem> Dialogue::authorize_key(std::string_view encoded, bool writes) const {
  std::string scratch;
  auto key = decode_key(encoded, scratch);
  if (!key) {  // said later, to those who may do this to some key at least
    const Rights& rights = login_->rights();
    bool some = writes ? rights.writes() : rights.reads();
    return some ? std::nullopt : std::optional(login_->denial(writes ? "write keys" : "read keys"));
  }
  return writes ? authorize_write(*key) : authorize_read(*key);
}

std::optional<Problem> Dialogue::authorize_read(std::string_view key) const {
  if (login_->rights().may_read(key)) return std::nullopt;
  return login_->denial("read this key");
}

std::optional<Problem> Dialogue::authorize_write(std::string_view key) const {
  if (login_->rights().may_write(key)) return std::nullopt;
  return login_->denial("write this key");
}

// A condition tells something of its key to whoever sets it, as a get does.
std::optional<Problem> Dialogue::authorize_transaction(const Transaction& transaction) const {
  for (const auto& check : transaction.checks) {
    if (auto problem = authorize_read(check.key)) return problem;
  }
  for (const auto* steps : {&transaction.then, &transaction.otherwise}) {
    for (const auto& step : *steps) {
      bool reads = step.kind == Transaction::Step::Kind::get;
      auto problem = reads ? authorize_read(step.record->key()) : authorize_write(step.record->key());
      if (problem) return problem;
    }
  }
  return std::nullopt;
}

std::optional<Problem> Dialogue::narrow(Filter& filter) const {
  auto allowed = login_->rights().readable(std::move(filter));
  if (!allowed) return login_->denial("read any of these keys");
  filter = std::move(*allowed);
  return std::nullopt;
}

std::optional<Problem> Dialogue::narrow(ListRange& range) const {
  const Rights& rights = login_->rights();
  if (rights.reads_everything()) return std::nullopt;
  if (!rights.readable(Filter{{}, {range.prefix}})) return login_->denial("read any of these keys");
  range.visible = rights.readable_prefixes();
  return std::nullopt;
}

}  // namespace kvs
