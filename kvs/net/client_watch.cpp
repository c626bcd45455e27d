#include "kvs/net/client_watch.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "kvs/net/client_stream.hpp"

namespace kvs {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

// What Beast's WebSocket asks of a stream at its end (found by argument-dependent look-up).
inline void beast_close_socket(ClientStream& stream) { stream.close(); }
inline void teardown(boost::beast::role_type role, ClientStream& stream, boost::system::error_code& error) {
  boost::beast::websocket::teardown(role, stream.socket(), error);
}
template <class Handler>
void async_teardown(boost::beast::role_type role, ClientStream& stream, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, stream.socket(), std::forward<Handler>(handler));
}

struct ClientWatch::Body {
  Body(Executor executor, ServerAddress to, Client::Trace tell)
      : socket(executor), address(std::move(to)), trace(std::move(tell)) {}

  void configure(const std::string& protocol);
  void tell(const std::string& line) const {
    if (trace) trace(line);
  }

  websocket::stream<ClientStream, false> socket;  // false: no compression
  boost::beast::flat_buffer buffer;
  ServerAddress address;
  Client::Trace trace;
  WatchEnd end;
  bool closing = false;  // the stream takes one closing handshake
};

namespace {

constexpr std::size_t largest_message = std::size_t{2} << 30;  // one event may hold a value, escaped sixfold

void keep(ClientAnswer& answer, const websocket::response_type& response) {
  answer.status = static_cast<int>(response.result_int());
  for (const auto& field : response) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    answer.fields[name] = std::string(field.value());
  }
  answer.body = response.body();
}

ClientError refused(const ClientStream& stream, const boost::system::error_code& error, const Deadline& deadline) {
  if (deadline.passed() || error == boost::beast::error::timeout)
    return {ClientError::Kind::timed_out, "no answer in time", false};
  if (std::string why = stream.refusal(); !why.empty()) return {ClientError::Kind::unreachable, "TLS: " + why, false};
  if (error == http::error::end_of_stream || error == asio::error::eof)
    return {ClientError::Kind::lost, "the server closed the connection", false};
  return {ClientError::Kind::lost, plain_message(error), false};
}

}  // namespace

void ClientWatch::Body::configure(const std::string& protocol) {
  // Beast's time-outs are off until set. A ping goes out at half the time; an answer or anything else counts as life.
  socket.set_option(websocket::stream_base::timeout{std::chrono::seconds(30), std::chrono::seconds(40), true});
  socket.set_option(websocket::stream_base::decorator(
      [protocol, credentials = address.credentials](websocket::request_type& request) {
        request.set(http::field::user_agent, "kvs/" KVS_VERSION);
        if (credentials && !credentials->token.empty())
          request.set(http::field::authorization, "Bearer " + credentials->token);
        if (!protocol.empty()) request.set(http::field::sec_websocket_protocol, protocol);
      }));
  socket.read_message_max(largest_message);
}

ClientWatch::ClientWatch(Executor executor, ServerAddress address, Client::Trace trace)
    : body_(std::make_unique<Body>(executor, std::move(address), std::move(trace))) {}

ClientWatch::~ClientWatch() = default;

const WatchEnd& ClientWatch::end() const { return body_->end; }

awaitable<ClientAnswer> ClientWatch::open(std::string target, std::string protocol, ClientClock::time_point until) {
  Deadline deadline(body_->socket.next_layer().socket(), until);
  co_await body_->socket.next_layer().connect(body_->address, deadline);
  body_->configure(protocol);
  body_->tell("> GET " + target + " (WebSocket)");
  websocket::response_type response;
  boost::system::error_code error;
  std::string authority = body_->address.authority();
  co_await body_->socket.async_handshake(response, authority, target, asio::redirect_error(use_awaitable, error));
  bool answered = !error || error == websocket::error::upgrade_declined;
  if (!answered) throw refused(body_->socket.next_layer(), error, deadline);
  ClientAnswer answer;
  keep(answer, response);
  body_->tell("< " + std::to_string(answer.status) + " revision " + std::string(answer.field("kvs-revision")));
  co_return answer;
}

awaitable<std::optional<std::string>> ClientWatch::next() {
  boost::system::error_code error;
  co_await body_->socket.async_read(body_->buffer, asio::redirect_error(use_awaitable, error));
  if (!error) {
    std::optional<std::string> message = boost::beast::buffers_to_string(body_->buffer.data());
    body_->buffer.consume(body_->buffer.size());
    co_return message;
  }
  if (error == websocket::error::closed) {
    websocket::close_reason why = body_->socket.reason();
    body_->end = {static_cast<int>(why.code), std::string(why.reason.data(), why.reason.size())};
  } else if (error == boost::beast::error::timeout) {
    body_->end = {1006, "the server went silent"};
  } else if (error == asio::error::eof || error == asio::error::connection_reset) {
    body_->end = {1006, "the connection broke"};
  } else {
    body_->end = {1006, plain_message(error)};
  }
  co_return std::nullopt;
}

awaitable<void> ClientWatch::close() {
  if (body_->closing) co_return;
  body_->closing = true;
  boost::system::error_code ignored;
  co_await body_->socket.async_close(websocket::close_code::normal, asio::redirect_error(use_awaitable, ignored));
}

}  // namespace kvs
