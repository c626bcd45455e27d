// The server a command talks to.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>

#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/settings.hpp"
#include "kvs/net/client.hpp"

namespace kvs {

// How long a server may think before a command says what it waits for.
inline constexpr std::chrono::seconds silence{1};

// The server that this option names, with the token and certificates that the settings have for it. Throws UsageError.
ServerAddress server_address(const Settings& settings, std::string_view option);

// Asks one request after the other and waits for each.
class Remote {
 public:
  // Throws UsageError if --server is no address.
  explicit Remote(const Settings& settings);

  // Any status is an answer. Throws Failure if there is none within --timeout, or if the server does not know what
  // became of a write (504): that says how to ask later.
  ClientAnswer ask(ClientRequest request);
  // The body of a 200 goes to `sink` as it comes; --timeout is how long each piece of it may take.
  ClientAnswer fetch(ClientRequest request, Client::Sink sink);

  // Runs one coroutine to its end on the calling thread.
  void run(awaitable<void> task);

  asio::io_context& context() { return context_; }
  const ServerAddress& address() const { return client_.address(); }
  ClientClock::time_point deadline() const { return ClientClock::now() + timeout_; }
  // The server may take --timeout by itself before it answers, and is then waited for a little longer.
  void wait_longer(std::chrono::milliseconds more) { timeout_ += more; }
  // The server may have to wait for `what` ("revision 42") before it answers: if it takes a while, that is said.
  void say_if_slow(std::string what) { awaited_ = std::move(what); }
  Client::Trace trace() const { return trace_; }

 private:
  using Timer = asio::basic_waitable_timer<ClientClock, asio::wait_traits<ClientClock>, Executor>;

  awaitable<void> exchange(ClientRequest request, ClientAnswer& answer);
  awaitable<void> exchange_pieces(ClientRequest request, Client::Sink sink, ClientAnswer& answer);

  asio::io_context context_{1};
  std::chrono::milliseconds timeout_;
  Client::Trace trace_;
  std::string awaited_;
  bool quiet_;
  Timer slow_{context_};
  Client client_;
};

// What a command that cannot go on says: no connection, connection lost, no answer in time.
Failure failure_from(const ClientError& error, const ServerAddress& address, bool writing);

// What to do about a connection that failed for this reason, if it was for its encryption; else empty.
std::string hint_for_tls(std::string_view what);

// What an answer that is no success makes of a command: its exit code and the server's own words.
Failure failure_from(const ClientAnswer& answer);
int exit_code_for(int status, std::string_view code);

// "/v1/kv/KEY". Throws UsageError for the empty key.
std::string key_target(std::string_view key);
// Appends "?name=value" or "&name=value", encoded.
void add_parameter(std::string& target, std::string_view name, std::string_view value);

}  // namespace kvs
