#include "kvs/net/access.hpp"

#include <algorithm>

#include "kvs/net/head.hpp"

namespace kvs {

namespace {

constexpr std::string_view scheme = "bearer";
constexpr std::string_view subprotocol = "kvs.bearer.";

const Rights nothing;

std::string_view bearer_token(std::string_view field) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return {};
  if (!equals_ignoring_case(field.substr(0, scheme.size()), scheme)) return {};
  auto begin = field.find_first_not_of(' ', scheme.size());
  return begin == std::string_view::npos ? std::string_view{} : field.substr(begin);
}

std::string_view protocol_token(std::string_view list) {
  while (!list.empty()) {
    auto end = list.find(',');
    std::string_view one = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_first_of(" \t"));
    if (one.starts_with(subprotocol)) return one.substr(subprotocol.size());
  }
  return {};
}

}  // namespace

void Access::replace(std::shared_ptr<const AuthTable> table) {
  {
    std::lock_guard lock(mutex_);
    table_ = std::move(table);
  }
  version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const AuthTable> Access::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

Login::Login(Access& access, const Origin& peer, std::string certificate)
    : access_(access), peer_(peer), certificate_(std::move(certificate)), rights_(&nothing) {}

std::optional<Problem> Login::identify(const RequestHead& head) {
  std::string scratch;
  std::string_view token;
  if (head.has(Known::authorization)) {
    token = bearer_token(head.value(Known::authorization));
  } else if (head.has(Known::sec_websocket_protocol)) {
    token = protocol_token(head.list(Known::sec_websocket_protocol, scratch));
  }
  if (!known_ || version_ != access_.version() || token != token_) {
    auto now = Clock::now();
    if (!token.empty() && access_.limit().refuses(peer_, now)) {
      return Problem{errc::too_many_requests,
                     "too many requests with tokens that nobody has came from this address; try again in a second"};
    }
    learn(token);
    if (!token.empty() && !holder_ && rights_ == &nothing) access_.limit().failed(peer_, now);
  }
  bool unknown = !token.empty() && !holder_ && rights_ == &nothing;
  if (!unknown) return std::nullopt;
  return Problem{errc::unauthenticated,
                 "nobody has this token (any more): send a current one as `Authorization: Bearer TOKEN`"};
}

// The version is read before the table: one that is replaced in between is looked at again next time.
void Login::learn(std::string_view token) {
  known_ = true;
  version_ = access_.version();
  token_ = token;
  holder_ = nullptr;
  auto table = access_.table();
  if (!table) {
    rights_ = &Rights::all();
    return;
  }
  if (!token.empty()) {
    holder_ = table->by_token(token);
  } else if (!certificate_.empty()) {
    holder_ = table->by_name(certificate_);
  }
  rights_ = holder_ ? &holder_->rights : &nothing;
}

bool Login::is_revoked() const {
  if (!known_ || version_ == access_.version()) return false;
  auto table = access_.table();
  return table && !(holder_ && table->has(*holder_));
}

Problem Login::denial(std::string_view what) const {
  if (holder_)
    return {errc::forbidden, holder_->name + " may not " + std::string(what) + "; ask for a token with that right"};
  if (!certificate_.empty()) {
    return {errc::forbidden, "the auth file does not name " + certificate_ + ", the name in the client's certificate"};
  }
  return {errc::unauthenticated, "this needs a token: send it as `Authorization: Bearer TOKEN` (kvs: --token-file)"};
}

}  // namespace kvs
