#include "kvs/net/client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "kvs/net/client_address.hpp"
#include "test/unit/drive.hpp"

namespace kvs {
namespace {

namespace tcp = asio::ip;

// A server of one connection at a time, on the test's own thread.
class Peer {
 public:
  explicit Peer(asio::io_context& io) : io_(io), acceptor_(io, {tcp::address_v4::loopback(), 0}), socket_(io) {
    acceptor_.non_blocking(true);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

  void accept() {
    test::drive(io_, [this] {
      boost::system::error_code error;
      acceptor_.accept(socket_, error);
      return !error;
    });
  }
  // One request, and says that it would take more.
  void answer() {
    socket_.non_blocking(true);
    std::string request;
    test::drive(io_, [&] {
      char piece[1024];
      boost::system::error_code error;
      request.append(piece, socket_.read_some(asio::buffer(piece), error));
      return request.find("\r\n\r\n") != std::string::npos;
    });
    socket_.non_blocking(false);
    asio::write(socket_, asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")));
  }
  void close() { socket_.close(); }

 private:
  asio::io_context& io_;
  tcp::tcp::acceptor acceptor_;
  tcp::tcp::socket socket_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(client)

// Servers and proxies close idle connections without a word; a request that then goes into one is lost, and a write may
// or may not have been applied.
BOOST_AUTO_TEST_CASE(a_connection_that_was_closed_while_idle_is_not_used_again) {
  asio::io_context io(1);
  Peer peer(io);
  Client client(io.get_executor(), parse_server_address(peer.url()).value());
  auto ask = [&] {
    return client.ask({.method = "PUT", .target = "/v1/kv/k", .fields = {}, .body = "v"},
                      ClientClock::time_point::max());
  };
  test::Task<ClientAnswer> first(io, ask());
  peer.accept();
  peer.answer();
  BOOST_TEST(first.get().body == "x");
  test::Task<ClientAnswer> second(io, ask());
  peer.answer();  // on the same connection
  BOOST_TEST(second.get().status == 200);
  peer.close();
  test::Task<ClientAnswer> third(io, ask());
  peer.accept();
  peer.answer();
  BOOST_TEST(third.get().status == 200);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
