// A real connection from accept to close: its time-outs, and how it ends.
#include "kvs/net/session.hpp"

#include <boost/asio/detached.hpp>
#include <boost/test/unit_test.hpp>

#include "client.hpp"
#include "tls_pair.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

struct Fixture : NetFixture {
  explicit Fixture(Patience::Duration Patience::* about, Patience::Duration time = 1ms)
      : Fixture(impatient(about, time)) {}
  explicit Fixture(ServerOptions options) : NetFixture(std::move(options)) { load(); }
  Fixture() : Fixture(&Patience::idle, 1h) {}
};

constexpr Buffers small{4096};
constexpr std::size_t large = 4'000'000;  // more than small buffers hold

std::string announce(std::size_t size, std::string_view fields = {}) {
  return request("PUT", "/v1/kv/a", std::string(fields) + "Content-Length: " + std::to_string(size) + "\r\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(session)

BOOST_AUTO_TEST_CASE(a_connection_on_which_nothing_is_asked_is_closed_without_a_word) {
  Fixture f(&Patience::idle);
  Client client(f);
  BOOST_TEST(client.rest() == "");
  BOOST_TEST(client.ended_well());
  client.until_server_is_over();
  BOOST_TEST(f.counters.connections == 0U);
}

BOOST_AUTO_TEST_CASE(a_connection_that_idles_after_an_answer_is_closed_without_a_word) {
  Fixture f(&Patience::idle);
  Client client(f, get("/livez"));
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(client.rest() == "");
  BOOST_TEST(client.ended_well());
}

BOOST_AUTO_TEST_CASE(a_connection_whose_request_has_begun_does_not_idle) {
  Fixture f(&Patience::idle);
  Client busy(f, "GET /livez HT");
  settle(f.worker.context());
  Client idle(f);
  idle.rest();  // its time was up after that of the other would have been
  BOOST_TEST(!busy.server_over());
  BOOST_TEST(busy.send("TP/1.1\r\nHost: localhost\r\n\r\n").answer().status == 200);
}

BOOST_AUTO_TEST_CASE(a_head_that_does_not_come_in_time_is_408) {
  Fixture f(&Patience::head);
  Client client(f, "GET /v1/status HTTP/1.1\r\n");
  Answer answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(answer.closes());
  BOOST_TEST(client.rest() == "");
  BOOST_TEST(client.ended_well());
}

BOOST_AUTO_TEST_CASE(the_time_of_a_head_runs_from_its_first_byte_however_it_trickles_in) {
  Fixture f(&Patience::head, 5ms);
  Client client(f, "GET /livez?");
  client.listen();
  while (client.received().empty()) {
    client.send("x");
    settle(f.worker.context());
  }
  BOOST_TEST(client.answer().status == 408);  // and not 414 after 16 KiB
}

BOOST_AUTO_TEST_CASE(each_head_of_a_pipeline_has_its_own_time) {
  Fixture f(&Patience::head);
  Client client(f, get("/livez") + get("/livez") + "GET /livez");
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(client.answer().status == 408);
}

// All connections of a thread receive into the same memory: what a request still needs of it when it has to wait must
// be its own by then.
BOOST_AUTO_TEST_CASE(what_waits_has_its_bytes_still_when_others_were_heard_meanwhile) {
  Fixture f;
  auto post = [](std::string_view target, std::string_view body) {
    return request("POST", target, "Content-Length: " + std::to_string(body.size()) + "\r\n") + std::string(body);
  };
  std::string item = get("/v1/kv/a?min_revision=1"), legacy = post("/get?min_revision=1", "{\"key\":\"a\"}"),
              early = announce(5) + "he", behind_a_write = store("b", "2") + get("/v1/kv/b"),
              half = get("/v1/kv/a?min_revision=1").substr(0, 20), rest = get("/v1/kv/a?min_revision=1").substr(20);
  Client first(f, item), second(f, legacy), third(f, early), fourth(f, behind_a_write), fifth(f, half);
  settle(f.worker.context());
  Client other(f, get("/livez?" + std::string(2'000, 'x')));
  BOOST_TEST(other.answer().status == 200);
  f.apply(put("a", "1"));
  BOOST_TEST(first.answer().body == "1");
  BOOST_TEST(second.answer().body == "{\"Key\":\"a\",\"Value\":\"1\"}\n");
  third.send("llo");
  fifth.send(rest);
  settle(f.worker.context());
  f.order();
  BOOST_TEST(third.answer().status == 200);
  fourth.answer();
  BOOST_TEST(fourth.answer().body == "2");
  BOOST_TEST(fifth.answer().status == 200);
  BOOST_TEST(f.state().starts_with("a=hello@"), f.state());
}

BOOST_AUTO_TEST_CASE(who_sends_without_end_has_no_more_turns_than_others) {
  constexpr std::size_t size = 200, count = 400, most_at_once = 64;  // whatever is received ends amid a request
  Fixture f;
  std::string one = get("/livez?");
  one = get("/livez?" + std::string(size - one.size(), 'x'));
  BOOST_REQUIRE(one.size() == size);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += one;
  auto answered = [&f] {
    return f.worker.traffic().answers(Route::livez, Method::get).by_status[status_index(200)].value();
  };
  Client busy(f, text);
  busy.listen();
  std::uint64_t most = 0, before = 0;
  f.worker.context().restart();
  while (f.worker.context().poll_one() != 0) {
    most = std::max(most, answered() - before);
    before = answered();
  }
  BOOST_TEST(before == count);
  BOOST_TEST(most <= most_at_once);
}

BOOST_AUTO_TEST_CASE(the_memory_of_an_answer_serves_the_next_one_unless_it_is_large) {
  Fixture f;
  f.apply(put("large", std::string(large, 'x')));
  Client client(f, get("/livez"));
  client.answer();
  std::size_t spare = f.worker.spare_output().capacity();
  BOOST_TEST(spare > std::string().capacity());
  BOOST_TEST(client.send(get("/livez")).answer().status == 200);
  BOOST_TEST(f.worker.spare_output().capacity() == spare);
  BOOST_TEST(client.send(get("/v1/kv/large")).answer().body.size() == large);
  BOOST_TEST(f.worker.spare_output().capacity() < large / 10);
}

BOOST_AUTO_TEST_CASE(a_body_that_does_not_come_in_time_is_408) {
  for (std::string text : {announce(5), announce(5) + "1234", announce(5, "Expect: 100-continue\r\n"),
                           request("PUT", "/v1/kv/a", "Transfer-Encoding: chunked\r\n") + "5\r\n12"}) {
    ServerOptions options = impatient(&Patience::body);
    options.patience.credit = 1ms;
    Fixture f(options);
    Client client(f, text);
    Answer answer = client.answer();
    if (answer.status == 100) answer = client.answer();
    BOOST_TEST(answer.status == 408, text);
    BOOST_TEST(answer.closes());
    BOOST_TEST(client.rest() == "");
    BOOST_TEST(client.ended_well());
    BOOST_TEST(f.bus.published.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_body_that_trickles_in_is_408) {
  ServerOptions options = impatient(&Patience::body, 200ms);
  options.patience.byte = 0ms;  // any body is too slow that takes longer
  Fixture f(options);
  Client client(f, announce(1'000'000));
  client.listen();
  for (std::size_t sent = 0; sent < 900'000 && client.received().empty(); ++sent) {
    client.send("x");
    settle(f.worker.context());
  }
  BOOST_TEST(!client.received().empty());  // and not only when nothing came any more
  Answer answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(answer.closes());
}

// A byte is good for a millisecond: what comes at once would be so for more than a minute and a half.
BOOST_AUTO_TEST_CASE(what_came_quickly_is_no_leave_to_trickle) {
  constexpr std::size_t at_once = 100'000;
  ServerOptions options = impatient(&Patience::byte, 1ms);
  options.patience.credit = 100ms;
  Fixture f(options);
  auto began = Clock::now();
  Client client(f, announce(1'000'000) + std::string(at_once, 'x'));
  client.listen();
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> pace(f.worker.executor());
  while (client.received().empty()) {  // a twentieth of what is asked for
    bool due = false;
    pace.expires_after(20ms);
    pace.async_wait([&due](boost::system::error_code) { due = true; });
    drive(f.worker.context(), [&due] { return due; });
    client.send("x");
  }
  Answer answer = client.answer();
  BOOST_TEST(answer.status == 408);
  BOOST_TEST(answer.code() == "malformed");
  BOOST_TEST(answer.closes());
  BOOST_TEST((Clock::now() - began < at_once * 1ms / 2));
  BOOST_TEST(f.bus.published.empty());
}

BOOST_AUTO_TEST_CASE(a_write_that_is_not_settled_in_time_is_504_and_the_connection_goes_on) {
  Fixture f(&Patience::request);
  Client client(f, store("a", "1"));
  Answer answer = client.answer();
  BOOST_TEST(answer.status == 504);
  BOOST_TEST(answer.code() == "outcome_unknown");
  BOOST_TEST(!answer.closes());
  f.order();  // the verdict comes late
  BOOST_TEST(client.send(get("/v1/kv/a")).answer().body == "1");
}

BOOST_AUTO_TEST_CASE(a_write_is_answered_when_it_is_settled) {
  Fixture f;
  Client client(f, store("a", "1") + get("/v1/kv/a"));
  settle(f.worker.context());
  BOOST_TEST(client.received() == "");
  f.order();
  BOOST_TEST(client.answer().status == 201);
  BOOST_TEST(client.answer().body == "1");
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_no_byte_of_its_answer_is_closed) {
  Fixture f(&Patience::send);
  f.apply(put("large", std::string(large, 'x')));
  for (const char* target : {"/v1/kv/large", "/getall"}) {
    Client client(f, get(target), small);
    client.until_server_is_over();
    BOOST_TEST(client.rest().size() < large, target);
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_its_time_gets_its_answer) {
  Fixture f;
  f.apply(put("large", std::string(large, 'x')));
  Client client(f, get("/v1/kv/large") + get("/livez"), small);
  settle(f.worker.context());
  BOOST_TEST(client.answer().body.size() == large);
  BOOST_TEST(client.answer().body == "ok\n");
}

BOOST_AUTO_TEST_CASE(of_clients_that_take_no_byte_the_longest_slow_is_cut_when_there_are_too_many) {
  NetFixture f([] {
    ServerOptions options = impatient(&Patience::idle, 1h);
    options.slow_memory = 2 * large;
    return options;
  }());
  f.load();
  f.apply(put("large", std::string(large, 'x')));
  Client first(f, get("/v1/kv/large"), small), second(f, get("/v1/kv/large"), small);
  settle(f.worker.context());
  BOOST_TEST(!first.server_over());
  Client third(f, get("/v1/kv/large"), small);
  settle(f.worker.context());
  BOOST_TEST(first.server_over());
  BOOST_TEST(second.answer().body.size() == large);
  BOOST_TEST(third.answer().body.size() == large);
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_cut_for_it_counts_as_slow) {
  NetFixture f([] {
    ServerOptions options = impatient(&Patience::idle, 1h);
    options.slow_memory = large;
    return options;
  }());
  f.load();
  f.apply(put("large", std::string(large, 'x')));
  Client first(f, get("/v1/watch?initial=1"), small);
  settle(f.worker.context());
  Client second(f, get("/v1/watch?initial=1"), small);
  drive(f.worker.context(), [&] { return first.server_over(); });
  auto ended = [&](WatchOutcome how) { return f.worker.traffic().ends[static_cast<std::size_t>(how)].value(); };
  BOOST_TEST(ended(WatchOutcome::slow) == 1U);
  BOOST_TEST(ended(WatchOutcome::client) == 0U);
}

// It hears no closing, so its last id is all it has.
BOOST_AUTO_TEST_CASE(a_watch_that_was_cut_goes_on_from_its_last_id_and_misses_nothing) {
  constexpr std::uint64_t changes = 2000;
  NetFixture f([] {
    ServerOptions options = impatient(&Patience::idle, 1h);
    options.slow_memory = 300'000;  // one watch holds less beyond its share, two hold more
    return options;
  }());
  f.load();
  std::vector<Command> all;
  for (std::uint64_t n = 0; n < changes; ++n) all.push_back(put("k", std::string(1000, 'x')));
  f.order(std::move(all));
  auto from = [](const std::string& since) {
    return get("/v1/watch?prefix=k&count=2000&since=" + since, "Accept: text/event-stream\r\n");
  };
  Client first(f, from("0"), small);
  settle(f.worker.context());
  Client second(f, from("0"), small);
  drive(f.worker.context(), [&] { return first.server_over(); });
  std::string heard = first.rest();
  auto at = heard.rfind("\nid: ");
  BOOST_REQUIRE(at != std::string::npos);
  std::string id = heard.substr(at + 5, heard.find('\n', at + 1) - at - 5);
  std::uint64_t last = std::stoull(id);
  BOOST_REQUIRE(last > 0);
  BOOST_REQUIRE(last < changes);
  Client again(f, from(id));
  again.wait([&] { return again.received().find("\nid: 2000@") != std::string::npos; });
  std::string resumed = again.received();
  for (std::uint64_t next = last + 1; next <= changes; ++next) {  // in that order
    std::string line = "\nid: " + std::to_string(next) + "@";
    auto found = resumed.find(line);
    BOOST_REQUIRE_MESSAGE(found != std::string::npos, next);
    resumed.erase(0, found + 1);
  }
}

BOOST_AUTO_TEST_CASE(who_sends_a_large_body_and_goes_on_outlives_who_does_not) {
  NetFixture f([] {
    ServerOptions options = impatient(&Patience::idle, 1h);
    options.max_value_size = large;
    options.slow_memory = large;
    return options;
  }());
  f.load();
  std::string half(large / 2, 'x'), quarter(large / 4, 'x');
  Client steady(f, announce(large)), stuck(f, announce(large));
  steady.send(half);
  settle(f.worker.context());
  stuck.send(half);
  settle(f.worker.context());
  steady.send(quarter);
  settle(f.worker.context());
  BOOST_TEST(stuck.server_over());
  steady.send(quarter);
  settle(f.worker.context());
  f.order();
  BOOST_TEST(steady.answer().status == 201);
}

BOOST_AUTO_TEST_CASE(a_large_store_is_streamed_and_the_connection_goes_on) {
  Fixture f;
  f.order(commands(put("a", std::string(large, 'x')), put("b", "2")));
  Client client(f, get("/getall") + get("/livez"), small);
  client.wait([&] { return client.received().ends_with("ok\n"); });
  auto end = client.received().find("\"b\":\"2\"}\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n");
  BOOST_TEST(end != std::string::npos);
  BOOST_TEST(end > large);
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_before_the_end_of_its_request_arrives) {
  Fixture f;
  f.options.max_value_size = 5;
  Client client(f, announce(large), small);
  client.send(std::string(large, 'x'));
  BOOST_TEST(client.answer().status == 413);
  BOOST_TEST(client.rest() == "");
  BOOST_TEST(client.ended_well());  // the bytes that nobody wants did not reset it
  BOOST_TEST(!client.server_over());
  client.close().until_server_is_over();
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_close_after_the_last_answer_is_not_waited_for_longer_than_a_moment) {
  Fixture f(&Patience::linger);
  Client client(f, get("/livez", "Connection: close\r\n"));
  client.until_server_is_over();
  BOOST_TEST(client.answer().closes());
  BOOST_TEST(client.rest() == "");
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_takes_its_connection_with_it) {
  for (std::string text : {std::string(), std::string("GET /li"), announce(5), announce(5) + "12", get("/livez"),
                           get("/livez", "Connection: close\r\n"), get("/v1/kv/large")}) {
    Fixture f;
    f.apply(put("large", std::string(large, 'x')));
    Client client(f, text, small);
    settle(f.worker.context());
    client.close().until_server_is_over();
    BOOST_TEST(f.counters.connections == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_idles_ends_with_the_drain_wherever_it_finds_it) {
  bool everywhere = false;
  for (int steps = 0; !everywhere; ++steps) {
    Fixture f;
    Client client(f, get("/livez"));
    for (int step = 0; step < steps && !everywhere; ++step) {
      f.worker.context().restart();
      everywhere = f.worker.context().poll_one() == 0;
    }
    f.worker.drain();
    std::string heard = client.rest();
    BOOST_TEST((heard.empty() || take_answer(heard).status == 200), "after " << steps << " steps");
    BOOST_TEST(heard == "");
    client.close().until_server_is_over();
  }
}

BOOST_AUTO_TEST_CASE(a_handshake_ends_with_the_drain_and_none_begins_after_it) {
  Fixture f;
  asio::io_context& io = f.worker.context();
  TlsPair before(io), after(io);
  for (TlsPair* each : {&before, &after}) {
    asio::co_spawn(io, Client::serve(f.worker, std::move(each->server)), asio::detached);
    settle(io);
    if (each == &before) BOOST_TEST(f.counters.connections == 1U);
    f.worker.drain();
    settle(io);
    BOOST_TEST(f.counters.connections == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_busy_ends_with_its_answer_after_a_drain) {
  Fixture f;
  Client body(f, announce(2) + "o"), verdict(f, store("b", "2"));
  settle(f.worker.context());
  f.worker.drain();
  body.send("k");
  drive(f.worker.context(), [&] { return f.bus.published.size() == 2; });
  f.order();
  for (Client* client : {&body, &verdict}) {
    Answer answer = client->answer();
    BOOST_TEST(answer.status == 201);
    BOOST_TEST(answer.closes());
    BOOST_TEST(client->rest() == "");
  }
}

BOOST_AUTO_TEST_CASE(an_abort_ends_a_connection_whatever_it_does) {
  Fixture f;
  f.apply(put("large", std::string(large, 'x')));
  Client idle(f), head(f, "GET /li"), body(f, announce(5)), verdict(f, store("b", "2")),
      lingering(f, get("/livez", "Connection: close\r\n")), sending(f, get("/v1/kv/large"), small),
      streaming(f, get("/getall"), small);
  settle(f.worker.context());
  BOOST_TEST(f.counters.connections == 7U);
  f.worker.abort_all();
  settle(f.worker.context());
  BOOST_TEST(f.counters.connections == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
