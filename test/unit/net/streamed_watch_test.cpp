// A real connection whose answer does not end: framing, endings.
#include "kvs/net/streamed_watch.hpp"

#include <boost/test/unit_test.hpp>

#include "client.hpp"
#include "kvs/position.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view events = "Accept: text/event-stream\r\n";

struct Fixture : NetFixture {
  Fixture() : NetFixture(impatient(&Patience::idle, 1h)) { load(); }
  explicit Fixture(Patience::Duration Patience::* about) : NetFixture(impatient(about)) { load(); }
  std::string at(std::uint64_t revision) { return to_string(Position{Revision{revision}, store.log_id()}); }
};

struct Watcher : Client {
  explicit Watcher(NetFixture& fixture, std::string_view target = "/v1/watch", std::string_view fields = "")
      : Client(fixture, get(target, fields)) {}
  Answer head() { return answer(true); }
  // What stands in the next chunk; "" is the last one.
  std::string chunk() {
    std::size_t end = 0, size = 0;
    wait([&] {
      end = received().find("\r\n");
      if (end == std::string::npos) return ended();
      size = std::stoul(received().substr(0, end), nullptr, 16);
      return received().size() >= end + 2 + size + 2;
    });
    std::string text = received().substr(end + 2, size);
    received().erase(0, end + 2 + size + 2);
    return text;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(streamed_watch)

BOOST_AUTO_TEST_CASE(lines_come_as_chunks) {
  Fixture f;
  f.apply(put("a", "1"));
  Watcher watcher(f);
  Answer head = watcher.head();
  BOOST_TEST(head.status == 200);
  BOOST_TEST(head.field("Content-Type") == "application/x-ndjson");
  BOOST_TEST(head.field("Transfer-Encoding") == "chunked");
  BOOST_TEST(head.field("Cache-Control") == "no-store");
  BOOST_TEST(head.field("X-Accel-Buffering") == "no");
  BOOST_TEST(head.field("Kvs-Revision") == "1");
  BOOST_TEST(watcher.chunk() == "{\"op\":\"synced\",\"revision\":1}\n");
  f.apply(drop("a"));
  std::string text = watcher.chunk();
  BOOST_TEST(text.starts_with("{\"op\":\"delete\",\"key\":\"a\",\"revision\":2"), text);
  BOOST_TEST(text.ends_with("}\n"), text);
}

// Whether a change was taken by the coroutine or without it: an idle watch keeps no large event's memory.
BOOST_AUTO_TEST_CASE(a_feed_that_was_told_of_a_large_value_gives_its_memory_back) {
  Fixture f;
  WatchRequest request;
  request.form = WatchForm::lines;
  request.filter.keys = {"a"};
  EventFeed feed(f.worker, std::move(request));
  auto next = [&]() -> awaitable<bool> {
    co_await feed.next(far_off());
    co_return true;
  };
  run(f.worker.context(), next());
  feed.sent();  // "synced"
  auto commit = std::make_shared<Commit>(no_revision, Changes{set(1, "a", std::string(100'000, 'x'))});
  BOOST_TEST(feed.take(no_revision, commit));
  BOOST_TEST(feed.buffers().at(0).size() > 100'000U);
  feed.sent();
  BOOST_TEST(feed.buffers().empty());
  BOOST_TEST(feed.frames().out().capacity() < 10'000U);
  BOOST_TEST(commit.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(an_event_stream_begins_with_retry_and_has_positions) {
  Fixture f;
  Watcher watcher(f, "/v1/watch?key=a", events);
  BOOST_TEST(watcher.head().field("Content-Type") == "text/event-stream");
  BOOST_TEST(watcher.chunk() == "retry: 1000\n\n");
  BOOST_TEST(watcher.chunk() == "data: {\"op\":\"synced\",\"revision\":0}\nid: " + f.at(0) + "\n\n");
  f.apply(put("a", "1"));
  std::string text = watcher.chunk();
  BOOST_TEST(text.starts_with("data: {\"op\":\"set\",\"key\":\"a\""), text);
  BOOST_TEST(text.ends_with("}\nid: " + f.at(1) + "\n\n"), text);
}

BOOST_AUTO_TEST_CASE(a_count_ends_it_with_the_last_chunk) {
  Fixture f;
  Watcher watcher(f, "/v1/watch?count=1");
  watcher.head();
  watcher.chunk();
  f.apply(put("a", "1"));
  BOOST_TEST(watcher.chunk().starts_with("{\"op\":\"set\""));
  BOOST_TEST(watcher.rest() == "0\r\n\r\n");
  watcher.close().until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_CASE(a_shutdown_is_the_last_event) {
  Fixture f;
  Watcher lines(f), stream(f, "/v1/watch", events);
  for (Watcher* watcher : {&lines, &stream}) watcher->head();
  f.apply(put("a", "1"));
  f.stop();
  std::string words = lines.rest();
  auto error = words.find("{\"op\":\"error\",\"code\":\"draining\",\"detail\":\"");
  BOOST_TEST_REQUIRE(error != std::string::npos, words);
  BOOST_TEST(words.ends_with(",\"since\":\"" + f.at(1) + "\"}\n\r\n0\r\n\r\n"), words);
  words = stream.rest();
  BOOST_TEST(words.ends_with(",\"since\":\"" + f.at(1) + "\"}\n\n\r\n0\r\n\r\n"), words);
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_is_noticed_while_nothing_happens) {
  Fixture f;
  Watcher watcher(f);
  watcher.head();
  BOOST_TEST(f.counters.watchers == 1U);
  watcher.close().until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_CASE(what_the_client_sends_is_ignored) {
  Fixture f;
  Watcher watcher(f);
  watcher.head();
  watcher.chunk();
  watcher.send(get("/livez"));
  settle(f.worker.context());
  f.apply(put("a", "1"));
  BOOST_TEST(watcher.chunk().starts_with("{\"op\":\"set\""));
}

BOOST_AUTO_TEST_CASE(an_abort_ends_it) {
  Fixture f;
  Watcher watcher(f);
  watcher.head();
  f.worker.abort_all();
  watcher.until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
