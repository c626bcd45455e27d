// What watchers hear of a bus that goes away and comes back: over a pair of sockets, the server's end driven by hand.
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/test/unit_test.hpp>

#include "kvs/json_text.hpp"
#include "kvs/net/websocket_watch.hpp"
#include "net_fixture.hpp"
#include "server_frames.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

using LocalSocket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

awaitable<bool> whole_life(WatchConnection& stream) {
  co_await stream.run();
  co_return true;
}

// One watcher, beginning at what is there.
class Watcher {
 public:
  Watcher(NetFixture& f, WatchRequest request) : f_(f), client_(f.worker.context()) {
    LocalSocket server(f.worker.context());
    asio::local::connect_pair(server, client_);
    server.non_blocking(true);
    client_.non_blocking(true);
    stream_ = make_watch(f.worker, Socket(std::move(server)), std::move(request), "");
    life_.emplace(f.worker.context(), whole_life(*stream_));
  }
  ~Watcher() {
    stream_->abort();
    life_->get();
  }

  // The messages that have come since, one a line.
  std::string heard() {
    settle(f_.worker.context());
    char room[65536];
    boost::system::error_code error;
    std::size_t count = client_.read_some(asio::buffer(room), error);
    std::string text;
    for (const auto& message : messages(std::string(room, error ? 0 : count))) text += message + '\n';
    return text;
  }

 private:
  NetFixture& f_;
  LocalSocket client_;
  std::unique_ptr<WatchConnection> stream_;
  std::optional<Task<bool>> life_;
};

struct Fixture : NetFixture {
  Fixture() {
    load();
    apply(put("a", "1"));
    bus.since = Clock::now();
  }

  WatchRequest from_now(Filter filter = {}) {
    WatchRequest request;
    request.after = worker.view().state().revision();
    request.filter = std::move(filter);
    return request;
  }
  void bus_up(bool up) {
    StoreFixture::bus_up(up);
    settle(worker.context());
  }
};

constexpr std::string_view synced = "[{\"op\":\"synced\",\"revision\":1}]\n";
constexpr std::string_view fresh = "[{\"op\":\"fresh\"}]\n";

bool is_stale(const std::string& text) {
  return text.starts_with("[{\"op\":\"stale\",\"time\":\"20") && text.ends_with("Z\"}]\n") && text.size() == 51;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watch_bus)

BOOST_AUTO_TEST_CASE(every_watcher_is_told_at_once_when_the_bus_goes_and_when_it_is_back) {
  Fixture f;
  Watcher everything(f, f.from_now()), one_key(f, f.from_now({{"other"}, {}}));
  BOOST_TEST(everything.heard() == synced);
  BOOST_TEST(one_key.heard() == synced);
  f.bus_up(false);
  BOOST_TEST(is_stale(everything.heard()));
  BOOST_TEST(is_stale(one_key.heard()));
  f.bus_up(true);
  BOOST_TEST(everything.heard() == fresh);
  BOOST_TEST(one_key.heard() == fresh);
}

BOOST_AUTO_TEST_CASE(the_time_is_that_at_which_the_bus_went) {
  Fixture f;
  Watcher watcher(f, f.from_now());
  watcher.heard();
  auto hour_ago = std::chrono::system_clock::now() - 1h;
  f.bus.since = Clock::now() - 1h;
  f.bus_up(false);
  std::string expected;
  append_time(expected, std::chrono::time_point_cast<std::chrono::milliseconds>(hour_ago));
  std::string heard = watcher.heard();
  BOOST_TEST_REQUIRE(is_stale(heard));
  // To the minute; both sides of its end are right.
  std::string later;
  append_time(later, std::chrono::time_point_cast<std::chrono::milliseconds>(hour_ago + 30s));
  bool right =
      heard.find(expected.substr(0, 16)) != std::string::npos || heard.find(later.substr(0, 16)) != std::string::npos;
  BOOST_TEST(right, heard);
}

BOOST_AUTO_TEST_CASE(who_begins_while_the_bus_is_away_is_told_so) {
  Fixture f;
  f.bus_up(false);
  WatchRequest request = f.from_now();
  request.initial = true;
  request.state = f.worker.view().held();
  Watcher watcher(f, std::move(request));
  std::string heard = watcher.heard();
  auto stale = heard.find("[{\"op\":\"stale\"");
  BOOST_TEST(heard.starts_with("[{\"op\":\"set\",\"key\":\"a\""));
  BOOST_TEST_REQUIRE(stale != std::string::npos);
  BOOST_TEST(is_stale(heard.substr(stale)));
  f.bus_up(true);
  BOOST_TEST(watcher.heard() == fresh);
}

BOOST_AUTO_TEST_CASE(it_is_said_once) {
  Fixture f;
  Watcher watcher(f, f.from_now());
  watcher.heard();
  f.bus_up(false);
  f.apply(put("a", "2"));  // what was on its way still comes
  std::string heard = watcher.heard();
  BOOST_TEST(heard.find("stale") == heard.rfind("stale"));
  BOOST_TEST(heard.find("\"op\":\"set\"") != std::string::npos);
  f.bus_up(false);
  BOOST_TEST(watcher.heard() == "");
}

BOOST_AUTO_TEST_CASE(changes_go_on_when_the_bus_is_back) {
  Fixture f;
  Watcher watcher(f, f.from_now());
  f.bus_up(false);
  f.bus_up(true);
  watcher.heard();
  f.apply(put("a", "2"));
  BOOST_TEST(watcher.heard().starts_with("[{\"op\":\"set\",\"key\":\"a\",\"value\":\"2\",\"revision\":2"));
}

BOOST_AUTO_TEST_CASE(of_a_bus_that_went_and_came_back_before_the_watcher_was_asked_nothing_is_said) {
  Fixture f;
  Watcher watcher(f, f.from_now());
  watcher.heard();
  f.worker.view().bus_changed(false, Clock::now());
  f.worker.view().bus_changed(true, Clock::now());
  BOOST_TEST(watcher.heard() == "");
}

BOOST_AUTO_TEST_CASE(legacy_subscribers_hear_nothing_of_it) {
  Fixture f;
  WatchRequest request = f.from_now();
  request.form = WatchForm::legacy;
  Watcher watcher(f, std::move(request));
  f.bus_up(false);
  f.bus_up(true);
  BOOST_TEST(watcher.heard() == "");
  f.apply(put("a", "2"));
  BOOST_TEST(watcher.heard().starts_with("{\"Topic\":\"kvs\""));
}

BOOST_AUTO_TEST_SUITE_END()
