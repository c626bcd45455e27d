#include "kvs/net/client.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/none.hpp>
#include <cctype>

#include "kvs/net/client_stream.hpp"

namespace kvs {

namespace http = boost::beast::http;

struct Client::Body {
  Body(Executor executor, ServerAddress to, Trace tell)
      : socket(executor), address(std::move(to)), trace(std::move(tell)) {}

  awaitable<void> begin(const ClientRequest& request, const Deadline& deadline);
  awaitable<void> send(const ClientRequest& request, const Deadline& deadline);
  awaitable<ClientAnswer> receive(const Deadline& deadline);
  awaitable<void> receive_head(std::chrono::milliseconds patience, http::response_parser<http::buffer_body>& parser);
  awaitable<std::string_view> receive_piece(std::chrono::milliseconds patience,
                                            http::response_parser<http::buffer_body>& parser, std::vector<char>& piece);
  awaitable<ClientAnswer> receive_pieces(std::chrono::milliseconds patience, const Sink& sink);
  void disconnect();
  void tell(const std::string& line) const {
    if (trace) trace(line);
  }

  ClientStream socket;
  boost::beast::flat_buffer buffer;  // what came after the last answer
  ServerAddress address;
  Trace trace;
};

namespace {

using Kind = ClientError::Kind;

http::request<http::string_body> message_for(const ClientRequest& request, const ServerAddress& address) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  message.set(http::field::host, address.authority());
  message.set(http::field::user_agent, "kvs/" KVS_VERSION);
  if (address.credentials && !address.credentials->token.empty())
    message.set(http::field::authorization, "Bearer " + address.credentials->token);
  for (const auto& [name, value] : request.fields) message.insert(name, value);
  message.body() = request.body;
  bool has_body = request.method == "PUT" || request.method == "POST" || !request.body.empty();
  if (has_body) message.content_length(request.body.size());
  return message;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

ClientAnswer answer_from(const http::response_header<>& head) {
  ClientAnswer answer;
  answer.status = static_cast<int>(head.result_int());
  for (const auto& field : head)
    answer.fields[lower_case(std::string(field.name_string()))] = std::string(field.value());
  return answer;
}

// `sent` is true from here on: bytes handed to the system may have arrived, whatever it says of them.
ClientError ended(const ClientStream& stream, const boost::system::error_code& error, const Deadline& deadline) {
  if (deadline.passed()) return {Kind::timed_out, "no answer in time", true};
  if (std::string why = stream.refusal(); !why.empty()) return {Kind::unreachable, "TLS: " + why, false};
  bool http_error = error.category() == http::make_error_code(http::error::bad_version).category();
  if (error == http::error::end_of_stream || error == http::error::partial_message)
    return {Kind::lost, "the server closed the connection", true};
  if (http_error) return {Kind::bad_answer, "what answers is no HTTP server", true};
  return {Kind::lost, plain_message(error), true};
}

}  // namespace

std::string_view ClientAnswer::field(const std::string& name) const {
  auto found = fields.find(name);
  return found == fields.end() ? std::string_view{} : std::string_view(found->second);
}

void Client::Body::disconnect() {
  socket.close();
  buffer.clear();
}

// On a connection from before, unless the server has closed it meanwhile: it does that to idle ones.
awaitable<void> Client::Body::begin(const ClientRequest& request, const Deadline& deadline) {
  bool connected = buffer.size() == 0 && socket.is_idle();
  if (!connected) {
    disconnect();
    co_await socket.connect(address, deadline);
  }
  co_await send(request, deadline);
}

awaitable<void> Client::Body::send(const ClientRequest& request, const Deadline& deadline) {
  http::request<http::string_body> message = message_for(request, address);
  boost::system::error_code error;
  tell("> " + request.method + " " + request.target + " (" + std::to_string(request.body.size()) + " bytes)");
  co_await http::async_write(socket, message, asio::redirect_error(use_awaitable, error));
  // The server may have refused a large body in the middle of it: then its answer is there to be read.
  bool refused_early = error == asio::error::broken_pipe || error == asio::error::connection_reset;
  if (error && !refused_early) throw ended(socket, error, deadline);
}

awaitable<ClientAnswer> Client::Body::receive(const Deadline& deadline) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);  // a value is as large as the server let it be
  boost::system::error_code error;
  co_await http::async_read(socket, buffer, parser, asio::redirect_error(use_awaitable, error));
  if (error) throw ended(socket, error, deadline);
  bool keep = parser.get().keep_alive();
  ClientAnswer answer = answer_from(parser.get().base());
  answer.body = std::move(parser.get().body());
  tell("< " + std::to_string(answer.status) + " (" + std::to_string(answer.body.size()) + " bytes) revision " +
       std::string(answer.field("kvs-revision")));
  if (!keep) disconnect();
  co_return answer;
}

using Pieces = http::response_parser<http::buffer_body>;

awaitable<void> Client::Body::receive_head(std::chrono::milliseconds patience, Pieces& parser) {
  Deadline deadline(socket.socket(), ClientClock::now() + patience);
  boost::system::error_code error;
  co_await http::async_read_header(socket, buffer, parser, asio::redirect_error(use_awaitable, error));
  if (error) throw ended(socket, error, deadline);
}

// The next bytes of the body as soon as there are some, at most as many as `piece` takes; perhaps none yet.
awaitable<std::string_view> Client::Body::receive_piece(std::chrono::milliseconds patience, Pieces& parser,
                                                        std::vector<char>& piece) {
  Deadline deadline(socket.socket(), ClientClock::now() + patience);
  parser.get().body().data = piece.data();
  parser.get().body().size = piece.size();
  boost::system::error_code error;
  co_await http::async_read_some(socket, buffer, parser, asio::redirect_error(use_awaitable, error));
  if (error && error != http::error::need_buffer) throw ended(socket, error, deadline);
  co_return std::string_view(piece.data(), piece.size() - parser.get().body().size);
}

// A body that is not wanted (no 200) is kept, as far as an answer of ours ever goes.
awaitable<ClientAnswer> Client::Body::receive_pieces(std::chrono::milliseconds patience, const Sink& sink) {
  constexpr std::size_t piece_size = 128 * 1024, kept = 64 * 1024;
  Pieces parser;
  parser.body_limit(boost::none);
  co_await receive_head(patience, parser);
  ClientAnswer answer = answer_from(parser.get().base());
  std::vector<char> buffer_of_piece(piece_size);
  while (!parser.is_done()) {
    std::string_view got = co_await receive_piece(patience, parser, buffer_of_piece);
    if (answer.status == 200) {
      sink(got);
    } else if (answer.body.size() < kept) {
      answer.body += got;
    }
  }
  tell("< " + std::to_string(answer.status));
  if (!parser.get().keep_alive()) disconnect();
  co_return answer;
}

Client::Client(Executor executor, ServerAddress address, Trace trace)
    : body_(std::make_unique<Body>(executor, std::move(address), std::move(trace))) {}

Client::~Client() = default;

const ServerAddress& Client::address() const { return body_->address; }

awaitable<ClientAnswer> Client::ask(ClientRequest request, ClientClock::time_point until) {
  Deadline deadline(body_->socket.socket(), until);
  try {
    co_await body_->begin(request, deadline);
    ClientAnswer answer = co_await body_->receive(deadline);
    co_return answer;
  } catch (const ClientError&) {
    body_->disconnect();
    throw;
  }
}

awaitable<ClientAnswer> Client::fetch(ClientRequest request, std::chrono::milliseconds patience, Sink sink) {
  try {
    {
      Deadline deadline(body_->socket.socket(), ClientClock::now() + patience);
      co_await body_->begin(request, deadline);
    }
    ClientAnswer answer = co_await body_->receive_pieces(patience, sink);
    co_return answer;
  } catch (...) {
    body_->disconnect();  // the rest of the body would be taken for the next answer
    throw;
  }
}

}  // namespace kvs
