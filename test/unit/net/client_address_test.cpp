#include "kvs/net/client_address.hpp"

#include <boost/test/unit_test.hpp>

namespace kvs {
namespace {

std::string url(std::string_view text) {
  auto address = parse_server_address(text);
  return address ? address->url() : "wrong";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(client_address)

BOOST_AUTO_TEST_CASE(urls_pairs_and_paths_are_addresses) {
  BOOST_TEST(url("http://127.0.0.1:23333") == "http://127.0.0.1:23333");
  BOOST_TEST(url("http://kvs.example/") == "http://kvs.example:80");
  BOOST_TEST(url("localhost:1") == "http://localhost:1");
  BOOST_TEST(url("localhost") == "http://localhost:23333");
  BOOST_TEST(url("[::1]:5") == "http://[::1]:5");
  BOOST_TEST(url("http://[::1]") == "http://[::1]:80");
  BOOST_TEST(url("https://a") == "https://a:443");
  BOOST_TEST(url("https://a:5/") == "https://a:5");
  BOOST_TEST(url("unix:/run/kvs.sock") == "unix:/run/kvs.sock");
}

BOOST_AUTO_TEST_CASE(everything_else_is_none) {
  for (const char* text : {"", ":1", "a:", "a:0", "a:65536", "a:1x", "a b:1", "http://a/x", "http://u@a", "[::1",
                           "[]:1", "::1:5", "[::1]5", "unix:", "ftp://a", "https://"})
    BOOST_TEST(url(text) == "wrong", text);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said_of_the_whole) {
  auto wrong = [](std::string_view text) { return parse_server_address(text).error().detail; };
  BOOST_TEST(wrong("http://").starts_with("'http://' is no address: http://HOST:PORT"));
  BOOST_TEST(wrong("ftp://a").starts_with("'ftp://a' begins with ftp://, which is unknown here"));
  BOOST_TEST(wrong("http://a:1/b/c") == "'http://a:1/b/c' has a path: leave out /b/c");
  BOOST_TEST(wrong("http://a:99999").starts_with("'http://a:99999' does not end with a port from 1 to 65535"));
}

BOOST_AUTO_TEST_CASE(the_host_field_of_a_local_socket_is_localhost) {
  BOOST_TEST(parse_server_address("unix:/x")->authority() == "localhost");
  BOOST_TEST(parse_server_address("[::1]:5")->authority() == "[::1]:5");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
