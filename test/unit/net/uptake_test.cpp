// Whether a client takes what is sent to it.
#include "kvs/net/uptake.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <string>

#include "client.hpp"
#include "http_text.hpp"
#include "net_fixture.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

using Tcp = asio::ip::tcp;

struct Pair {
  Pair() : client(io), channel(connected()) {}

  Socket connected() {
    asio::basic_socket_acceptor<Tcp, Executor> acceptor(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    client.open(Tcp::v4());
    client.set_option(asio::socket_base::receive_buffer_size(64 * 1024));
    client.connect(acceptor.local_endpoint());
    Socket server(io);
    acceptor.accept(server);
    server.set_option(asio::socket_base::send_buffer_size(1024 * 1024));
    server.non_blocking(true);
    return server;
  }
  void fill() {
    const std::string bytes(64 * 1024, 'x');
    boost::system::error_code error;
    while (!error) channel.write_some(bytes, error);
  }
  void take(std::size_t count) {
    std::string bytes(count, 0);
    asio::read(client, asio::buffer(bytes));
  }

  asio::io_context io{1};
  Socket client;
  Channel channel;
  Uptake uptake{channel};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(uptake)

BOOST_AUTO_TEST_CASE(who_takes_nothing_is_told_from_who_takes_little) {
  Pair pair;
  pair.fill();
  BOOST_TEST(pair.channel.queued() > 0U);
  pair.uptake.look();
  BOOST_TEST(!pair.uptake.goes_on());
  BOOST_TEST(!pair.uptake.goes_on());
  pair.take(128 * 1024);  // of a megabyte: there is no room to speak of
  BOOST_TEST(pair.uptake.goes_on());
  BOOST_TEST(!pair.uptake.goes_on());
}

BOOST_AUTO_TEST_CASE(more_that_is_written_is_not_taken_for_that) {
  Pair pair;
  pair.fill();
  pair.uptake.look();
  pair.take(128 * 1024);
  pair.fill();
  BOOST_TEST(pair.uptake.goes_on());
  pair.fill();
  BOOST_TEST(!pair.uptake.goes_on());
}

// What the client's system has taken, the client may have not: its silence is its own.
BOOST_AUTO_TEST_CASE(where_nothing_waits_nothing_goes_on) {
  Pair pair;
  pair.uptake.look();
  boost::system::error_code error;
  pair.channel.write_some(std::string_view("x"), error);
  pair.take(1);
  BOOST_TEST(!pair.uptake.goes_on());
}

// Of Linux's buffers a third must be free before a socket counts as writable: a slow client may take long for that.
BOOST_AUTO_TEST_CASE(a_client_that_takes_little_by_little_is_not_cut) {
  constexpr std::size_t large = 4 * 1024 * 1024, little = 128 * 1024;
  ServerOptions options = impatient(&Patience::send, 50ms);  // Linux confirms what was taken after 40 ms at the latest
  options.max_value_size = large;
  NetFixture f(options);
  f.load();
  f.apply(put("large", std::string(large, 'x')));
  for (const char* target : {"/v1/kv/large", "/v1/watch?initial=1"}) {
    Client client(f, get(target), Buffers{.bytes = 64 * 1024, .sent = 1024 * 1024});
    std::size_t taken = 0;
    while (taken < large && !client.server_over()) {
      taken += client.take(little);
      for (auto until = Clock::now() + 60ms; Clock::now() < until;) {
      }  // its time is up each time
      f.worker.context().restart();
      f.worker.context().poll_one();
    }
    BOOST_TEST(taken + 2 * little >= large);
  }
}

BOOST_AUTO_TEST_SUITE_END()
