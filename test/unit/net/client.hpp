// The client's end of a real connection, on the server's own io_context: the test and both ends take turns.
#pragma once
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "http_text.hpp"
#include "kvs/net/session.hpp"
#include "net_fixture.hpp"

namespace kvs::test {

// How small the sockets' buffers are made, so that little is enough to fill them; 0 = as the system has it.
struct Buffers {
  int bytes = 0;
  int sent = bytes;  // the server's
};

// Time-outs that no test lives to see, but for the one it is about.
inline ServerOptions impatient(Patience::Duration Patience::* about,
                               Patience::Duration time = std::chrono::milliseconds(1)) {
  ServerOptions options;
  for (auto each : {&Patience::idle, &Patience::head, &Patience::body, &Patience::credit, &Patience::request,
                    &Patience::send, &Patience::linger, &Patience::ping, &Patience::dead, &Patience::closing}) {
    options.patience.*each = std::chrono::hours(1);
  }
  options.patience.byte = std::chrono::seconds(1);
  options.patience.*about = time;
  return options;
}

class Client {
 public:
  // Connects, sends `first`, and when that is there the server begins.
  explicit Client(NetFixture& fixture, std::string_view first = {}, Buffers buffers = {})
      : io_(fixture.worker.context()), socket_(io_), server_over_(std::make_shared<bool>(false)) {
    Socket server = connect(buffers);
    if (!first.empty()) {
      asio::write(socket_, asio::buffer(first));
      server.wait(Socket::wait_read);
    }
    server.non_blocking(true);
    asio::co_spawn(io_, serve(fixture.worker, std::move(server)), [over = server_over_](std::exception_ptr error) {
      *over = true;
      if (error) std::rethrow_exception(error);
    });
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // In the background; one at a time.
  Client& send(std::string bytes) {
    sent_ = std::make_shared<std::string>(std::move(bytes));
    asio::async_write(socket_, asio::buffer(*sent_), [kept = sent_](boost::system::error_code, std::size_t) {});
    return *this;
  }
  Client& close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    return *this;
  }

  void listen() {
    if (std::exchange(reading_, true)) return;
    asio::co_spawn(io_, read(socket_, received_, end_), [](std::exception_ptr) {});
  }
  // Listening, if it did not yet; each waits for what it is named after.
  Answer answer(bool to_head = false) {
    Answer answer;
    wait([&] { return (answer = take_answer(received_, to_head)).status != 0; });
    return answer;
  }
  // Everything up to the end of the connection.
  std::string rest() {
    wait([this] { return ended(); });
    return std::exchange(received_, {});
  }
  // Whether the connection has ended, and whether with all that was sent (else it was reset).
  bool ended() const { return bool(*end_); }
  bool ended_well() const { return *end_ == asio::error::eof; }
  template <class Done>
  void wait(Done done) {
    listen();
    drive(io_, done);
  }
  std::string& received() { return received_; }
  // Bytes that are there, at once; for who does not listen.
  std::size_t take(std::size_t most) {
    std::string bytes(most, 0);
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    return socket_.read_some(asio::buffer(bytes), error);
  }

  // The server's end, as long as it lives.
  static awaitable<void> serve(Worker& worker, Channel channel) {
    Counted connection(worker.counters().connections);
    Session session(worker, std::move(channel), Arrival::loopback, parse_origin("127.0.0.1:4711"));
    co_await session.run();
  }

  // Whether the server has done with this connection, and waiting for it.
  bool server_over() const { return *server_over_; }
  void until_server_is_over() {
    drive(io_, [this] { return *server_over_; });
  }

 private:
  using Tcp = asio::ip::tcp;

  Socket connect(Buffers buffers) {
    using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
    Acceptor acceptor(io_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    socket_.open(Tcp::v4());
    if (buffers.bytes != 0) socket_.set_option(asio::socket_base::receive_buffer_size(buffers.bytes));
    socket_.connect(acceptor.local_endpoint());
    Socket server(io_);
    acceptor.accept(server);
    server.set_option(Tcp::no_delay(true));
    socket_.set_option(Tcp::no_delay(true));
    if (buffers.sent != 0) server.set_option(asio::socket_base::send_buffer_size(buffers.sent));
    return server;
  }
  static awaitable<void> read(Socket& socket, std::string& received, std::shared_ptr<boost::system::error_code> end) {
    char some[4096];
    boost::system::error_code error;
    while (!error) {
      std::size_t count =
          co_await socket.async_read_some(asio::buffer(some), asio::redirect_error(use_awaitable, error));
      if (!error) received.append(some, count);
    }
    *end = error;
  }

  asio::io_context& io_;
  Socket socket_;
  std::string received_;
  bool reading_ = false;
  std::shared_ptr<boost::system::error_code> end_ = std::make_shared<boost::system::error_code>();
  std::shared_ptr<bool> server_over_;
  std::shared_ptr<std::string> sent_;
};

}  // namespace kvs::test
