// Bytes by TLS on a socket of the test's own.
#include "kvs/net/channel.hpp"

#include <array>
#include <boost/asio/write.hpp>

#include "tls_pair.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture {
  Fixture() { tls.agree(); }
  // Whether it took them all.
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    return tls.client.write_some(bytes, error) == bytes.size();
  }
  std::string receive(std::size_t most) {
    std::string bytes(most, 0);
    bytes.resize(tls.server.read_some(bytes, error));
    return bytes;
  }

  asio::io_context io{1};
  TlsPair tls{io};
  boost::system::error_code error;  // of the last receive()
};

// Listens as a watch does: again and again, until something comes.
struct Listener {
  explicit Listener(Channel& on) : channel(on) { listen(); }
  void listen() {
    channel.when_readable([this](boost::system::error_code failed) {
      ++calls;
      std::array<char, 16> room;
      count = failed ? 0 : channel.read_some(room, error);
      if (error == asio::error::would_block) listen();
    });
  }

  Channel& channel;
  boost::system::error_code error;
  std::size_t calls = 0, count = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(channel)

BOOST_AUTO_TEST_CASE(what_one_end_writes_the_other_reads) {
  Fixture f;
  BOOST_TEST(f.receive(9) == "");
  BOOST_TEST(f.error == asio::error::would_block);
  BOOST_TEST(f.send("secret"));
  BOOST_TEST(f.receive(9) == "secret");
}

BOOST_AUTO_TEST_CASE(a_look_tells_what_a_read_would_and_takes_nothing) {
  Fixture f;
  f.tls.server.peek(f.error);
  BOOST_TEST(f.error == asio::error::would_block);
  BOOST_TEST(f.send("x"));
  f.tls.server.peek(f.error);
  BOOST_TEST(!f.error);
  BOOST_TEST(f.receive(9) == "x");
  f.tls.client.shutdown_send(f.error);
  f.tls.server.peek(f.error);
  BOOST_TEST(f.error == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(what_is_decrypted_already_is_heard_of) {
  Fixture f;
  BOOST_TEST(f.send("two"));
  BOOST_TEST(f.receive(1) == "t");
  Listener listener(f.tls.server);
  settle(f.io);
  BOOST_TEST(listener.count == 2U);
}

BOOST_AUTO_TEST_CASE(who_waits_for_the_rest_of_a_record_does_not_spin) {
  Fixture f;
  Listener listener(f.tls.server);
  constexpr std::string_view begun("\x17\x03\x03\x00\x20half", 9);  // application data, 32 bytes of it
  asio::write(f.tls.client.socket(), asio::buffer(begun));
  f.io.restart();
  for (int turn = 0; turn < 100; ++turn) f.io.poll_one();
  BOOST_TEST(listener.calls > 0U);
  BOOST_TEST(listener.calls < 10U);
  BOOST_TEST(listener.error == asio::error::would_block);
}

// Its number may be another's by then.
BOOST_AUTO_TEST_CASE(nothing_is_read_from_or_written_to_a_closed_one) {
  Fixture f;
  BOOST_TEST(f.send("two"));
  BOOST_TEST(f.receive(1) == "t");
  std::size_t calls = 0;
  f.tls.server.when_readable([&](boost::system::error_code) {  // is on its way already, for there is more
    ++calls;
    boost::system::error_code error;
    std::array<char, 16> room;
    BOOST_TEST(f.tls.server.read_some(room, error) == 0U);
    BOOST_TEST(error == asio::error::bad_descriptor);
    BOOST_TEST(f.tls.server.write_some("answer", error) == 0U);
    BOOST_TEST(error == asio::error::bad_descriptor);
    f.tls.server.peek(error);
    BOOST_TEST(error == asio::error::bad_descriptor);
    f.tls.server.shutdown_send(error);
    BOOST_TEST(error == asio::error::bad_descriptor);
  });
  int number = f.tls.server.socket().native_handle();
  f.tls.server.close();
  auto [other, peer] = socket_pair(f.io);
  BOOST_TEST_REQUIRE(other.native_handle() == number);
  asio::write(peer, asio::buffer("not for you", 11));
  settle(f.io);
  BOOST_TEST(calls == 1U);
  std::array<char, 64> room;
  boost::system::error_code error;
  BOOST_TEST(other.read_some(asio::buffer(room), error) == 11U);
  peer.read_some(asio::buffer(room), error);
  BOOST_TEST(error == asio::error::would_block);
}

BOOST_AUTO_TEST_SUITE_END()
