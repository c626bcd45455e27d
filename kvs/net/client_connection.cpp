#include "kvs/net/client_connection.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cctype>
#include <vector>

namespace kvs {
namespace {

using Endpoint = asio::generic::stream_protocol::endpoint;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<ClientClock, asio::wait_traits<ClientClock>, Executor>;

awaitable<std::vector<Endpoint>> endpoints_of(const ServerAddress& address, Executor executor) {
  std::vector<Endpoint> found;
  if (!address.path.empty()) {
    found.emplace_back(asio::local::stream_protocol::endpoint(address.path));
    co_return found;
  }
  Resolver resolver(executor);
  boost::system::error_code error;
  std::string port = std::to_string(address.port);
  auto results = co_await resolver.async_resolve(address.host, port, asio::redirect_error(use_awaitable, error));
  if (error)
    throw ClientError(ClientError::Kind::unreachable, "cannot find '" + address.host + "': " + plain_message(error),
                      false);
  for (const auto& entry : results) found.emplace_back(entry.endpoint());
  co_return found;
}

void set_no_delay(ClientSocket& socket, const ServerAddress& address) {
  boost::system::error_code ignored;
  if (address.path.empty()) socket.set_option(asio::ip::tcp::no_delay(true), ignored);
}

}  // namespace

struct Deadline::State {
  State(ClientSocket& socket, ClientClock::time_point at) : socket(&socket), timer(socket.get_executor(), at) {}

  void expire() {
    if (!socket) return;
    passed = true;
    boost::system::error_code ignored;
    socket->close(ignored);
  }

  ClientSocket* socket;  // null: nobody waits any more
  Timer timer;
  bool passed = false;
};

// A cancelled timer's handler may be on its way already; the shared state lets it come too late.
Deadline::Deadline(ClientSocket& socket, ClientClock::time_point at) : state_(std::make_shared<State>(socket, at)) {
  if (at == ClientClock::time_point::max()) return;
  state_->timer.async_wait([state = state_](const boost::system::error_code& error) {
    if (!error) state->expire();
  });
}

Deadline::~Deadline() {
  state_->socket = nullptr;
  state_->timer.cancel();
}

bool Deadline::passed() const { return state_->passed; }

awaitable<void> connect(ClientSocket& socket, const ServerAddress& address, const Deadline& deadline) {
  std::vector<Endpoint> endpoints = co_await endpoints_of(address, socket.get_executor());
  boost::system::error_code error = asio::error::host_not_found;
  for (const Endpoint& endpoint : endpoints) {
    if (deadline.passed()) break;
    boost::system::error_code ignored;
    socket.close(ignored);
    co_await socket.async_connect(endpoint, asio::redirect_error(use_awaitable, error));
    if (!error) break;
  }
  if (deadline.passed()) throw ClientError(ClientError::Kind::timed_out, "no connection in time", false);
  if (error) throw ClientError(ClientError::Kind::unreachable, plain_message(error), false);
  set_no_delay(socket, address);
}

std::string plain_message(const boost::system::error_code& error) {
  std::string text = error.message();
  bool acronym = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[1])) != 0;
  if (!text.empty() && !acronym) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace kvs
