// Who may come in, as it is now: replaced as a whole when the auth file is read again.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "kvs/errc.hpp"
#include "kvs/net/auth_file.hpp"
#include "kvs/net/head.hpp"
#include "kvs/net/login_limit.hpp"

namespace kvs {

// Any thread. Without a table everybody may do everything.
class Access {
 public:
  void replace(std::shared_ptr<const AuthTable> table);
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const AuthTable> table() const;
  LoginLimit& limit() { return limit_; }

 private:
  std::atomic<std::uint64_t> version_{0};  // raised after the table was replaced
  mutable std::mutex mutex_;
  std::shared_ptr<const AuthTable> table_;
  LoginLimit limit_;
};

// Who is at the other end of one connection. Most requests of a connection bring the same token: it is looked up anew
// only when it is another, or the table is.
class Login {
 public:
  // `certificate`: the name in the client's certificate; "" = none.
  Login(Access& access, const Origin& peer, std::string certificate = {});

  // Looks at what the request brings: a bearer token (RFC 6750, 2.1), for a WebSocket also as the subprotocol
  // kvs.bearer.TOKEN, since browsers can't set a field there. Then rights() are those of its holder, or none at all.
  // Errors: unauthenticated (a token nobody has), too_many_requests.
  std::optional<Problem> identify(const RequestHead& head);
  const Rights& rights() const { return *rights_; }
  // Whether every right is there, so that nothing needs a second look.
  bool unrestricted() const { return rights_->admin(); }
  // Whether whoever identify() found is not in the table any more, or not with the same rights.
  bool is_revoked() const;
  // Null: nobody in particular.
  const HolderRef& holder() const { return holder_; }
  // What to say to one who lacks a right: who are you, or not you.
  Problem denial(std::string_view what) const;

 private:
  void learn(std::string_view token);

  Access& access_;
  const Origin peer_;
  const std::string certificate_;
  bool known_ = false;  // the rest belongs to `token_` at `version_`
  std::uint64_t version_ = 0;
  std::string token_;
  HolderRef holder_;
  const Rights* rights_;
};

}  // namespace kvs
