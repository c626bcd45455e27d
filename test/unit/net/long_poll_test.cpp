// Long polls on a real connection.
#include "kvs/net/long_poll.hpp"

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "client.hpp"
#include "tls_pair.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(ServerOptions options = impatient(&Patience::idle, 1h)) : NetFixture(std::move(options)) { load(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(long_poll)

BOOST_AUTO_TEST_CASE(what_is_there_is_answered_at_once) {
  Fixture f;
  f.order(commands(put("a", "1"), put("b", "2")));
  Client client(f, get("/v1/watch?wait=10m&since=1"));
  Answer answer = client.answer();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
  BOOST_TEST(answer.field("Content-Type") == "application/json");
  BOOST_TEST(answer.field("Cache-Control") == "no-store");
  BOOST_TEST(answer.body.starts_with("[{\"op\":\"set\",\"key\":\"b\""), answer.body);
  BOOST_TEST(answer.body.ends_with("}]\n"), answer.body);
}

BOOST_AUTO_TEST_CASE(a_change_ends_the_wait_and_the_connection_goes_on) {
  Fixture f;
  Client client(f, get("/v1/watch?wait=10m&key=a") + get("/livez"));
  settle(f.worker.context());
  BOOST_TEST(f.counters.watchers == 1U);
  f.apply(put("b", "1"));
  f.apply(put("a", "1"));
  Answer answer = client.answer();
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
  BOOST_TEST(answer.body.starts_with("[{\"op\":\"set\",\"key\":\"a\""), answer.body);
  BOOST_TEST(client.answer().body == "ok\n");
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_wait_is_an_empty_array_and_the_place_to_go_on_from) {
  Fixture f;
  f.apply(put("b", "1"));
  Client client(f, get("/v1/watch?wait=1ms&key=a"));
  Answer answer = client.answer();
  BOOST_TEST(answer.body == "[]\n");
  BOOST_TEST(answer.field("Kvs-Revision") == "1");
}

BOOST_AUTO_TEST_CASE(a_state_is_one_array_with_its_synced) {
  Fixture f;
  f.order(commands(put("b", "1"), put("a", "2")));
  Client client(f, get("/v1/watch?wait=10m&initial=1"));
  Answer answer = client.answer();
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
  BOOST_TEST(answer.body.starts_with("[{\"op\":\"set\",\"key\":\"a\""), answer.body);
  BOOST_TEST(answer.body.ends_with(",{\"op\":\"synced\",\"revision\":2}]\n"), answer.body);
}

BOOST_AUTO_TEST_CASE(below_the_history_it_is_the_difference) {
  ServerOptions forgetful = impatient(&Patience::idle, 1h);
  forgetful.history_memory = 1;
  Fixture f(forgetful);
  for (std::string_view key : {"a", "b", "c"}) f.apply(put(key, "1"));
  // By HTTP/1.0, where a body of several pieces has no chunks and ends with the connection.
  Client client(f, "GET /v1/watch?wait=10m&since=1 HTTP/1.0\r\nHost: localhost\r\n\r\n");
  std::string rest = client.rest();
  std::string body = rest.substr(rest.find("\r\n\r\n") + 4);
  BOOST_TEST(body.starts_with("[{\"op\":\"diff\",\"since\":1,\"revision\":3},{\"op\":\"set\",\"key\":\"b\""), body);
  BOOST_TEST(body.ends_with(",{\"op\":\"synced\",\"revision\":3}]\n"), body);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_ends_it) {
  Fixture f;
  Client client(f, get("/v1/watch?wait=10m"));
  settle(f.worker.context());
  BOOST_TEST(f.counters.watchers == 1U);
  client.close().until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_ends_it_however_long_it_has_waited) {
  Fixture f(impatient(&Patience::idle));
  Client idle(f), client(f, get("/v1/watch?wait=10m"));
  settle(f.worker.context());
  idle.rest();  // its time was up, and so was the other's for its request
  Client later(f);
  later.rest();
  BOOST_TEST(f.counters.watchers == 1U);
  client.close().until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
}

// Its last word is there to be read, as a further request would be.
BOOST_AUTO_TEST_CASE(a_client_that_leaves_by_tls_ends_it) {
  Fixture f;
  asio::io_context& io = f.worker.context();
  TlsPair tls(io);
  asio::co_spawn(io, Client::serve(f.worker, std::move(tls.server)), asio::detached);
  asio::co_spawn(io, TlsPair::agree(tls.client), asio::detached);
  boost::system::error_code error;
  settle(io);
  tls.client.write_some(get("/v1/watch?wait=10m"), error);
  settle(io);
  BOOST_TEST(f.counters.watchers == 1U);
  tls.client.shutdown_send(error);
  settle(io);
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_CASE(an_abort_and_a_shutdown_end_it) {
  Fixture f;
  Client aborted(f, get("/v1/watch?wait=10m") + get("/livez"));
  settle(f.worker.context());
  f.worker.abort_all();
  aborted.until_server_is_over();
  Fixture g;
  Client asked(g, get("/v1/watch?wait=10m"));
  settle(g.worker.context());
  g.stop();
  BOOST_TEST(asked.answer().body == "[]\n");
}

BOOST_AUTO_TEST_SUITE_END()
