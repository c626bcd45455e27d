// A real connection that has become a watch: what is sent, its time-outs, and how it ends.
#include "kvs/net/websocket_watch.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "client.hpp"
#include "server_frames.hpp"

using namespace kvs;
using namespace kvs::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    "dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr Buffers small{4096};

struct Fixture : NetFixture {
  explicit Fixture(ServerOptions options) : NetFixture(std::move(options)) { load(); }
  explicit Fixture(Patience::Duration Patience::* about) : Fixture(impatient(about)) {}
  Fixture() : Fixture(impatient(&Patience::idle, 1h)) {}
};

// A whole frame of a client, masked with zeros.
std::string from_client(FrameType type, std::string_view payload = {}) {
  std::string frame;
  append_frame_header(frame, type, payload.size());
  frame[1] = static_cast<char>(frame[1] | 0x80);
  return frame.append(4, '\0').append(payload);
}
std::string goodbye() { return from_client(FrameType::close, "\x03\xE8"); }

class Watcher {
 public:
  explicit Watcher(NetFixture& fixture, std::string_view target = "/v1/watch", Buffers buffers = {})
      : client(fixture, get(target, upgrade), buffers) {}

  Answer handshake() { return client.answer(); }
  ServerFrame frame() {
    ServerFrame frame;
    client.wait([&] { return take_frame(client.received(), frame); });
    return frame;
  }
  // The next message: its events, one word each: "synced@0 a=1@1".
  std::string events() {
    std::string all;
    ServerFrame message = frame();
    if (message.type != FrameType::text) return "(not a text)";
    auto parsed = boost::json::parse(message.payload);
    for (const auto& event : parsed.as_array()) {
      auto op = std::string(event.at("op").as_string());
      auto revision = std::to_string(event.at("revision").to_number<std::uint64_t>());
      if (op == "set") op = std::string(event.at("key").as_string()) + '=' + std::string(event.at("value").as_string());
      if (op == "delete") op = std::string(event.at("key").as_string()) + '-';
      all += (all.empty() ? "" : " ") + op + '@' + revision;
    }
    return all;
  }
  // "1013 dead since=0", the log left out; with nothing behind it.
  std::string closing() {
    ServerFrame last = frame();
    if (last.type != FrameType::close) return "(no close frame)";
    if (client.rest() != "") return "(something behind the close frame)";
    return std::to_string(last.code()) + ' ' + last.reason().substr(0, last.reason().find('@'));
  }

  Client client;
};

// Its handshake done, and synced at that revision.
struct Joined : Watcher {
  template <class... More>
  explicit Joined(NetFixture& fixture, More... more) : Watcher(fixture, more...) {
    BOOST_TEST(handshake().status == 101);
    BOOST_TEST(events().starts_with("synced@"));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket_watch)

BOOST_AUTO_TEST_CASE(a_watch_begins_with_the_handshake_and_synced) {
  Fixture f;
  f.apply(put("a", "1"));
  Watcher watcher(f);
  BOOST_TEST(watcher.handshake().field("Kvs-Revision") == "1");
  BOOST_TEST(watcher.events() == "synced@1");
  BOOST_TEST(f.counters.watchers == 1U);
}

BOOST_AUTO_TEST_CASE(changes_come_as_they_are_made) {
  Fixture f;
  Joined watcher(f);
  f.apply(put("a", "1"));
  BOOST_TEST(watcher.events() == "a=1@1");
  f.order(commands(put("a", "2"), drop("a")));
  BOOST_TEST(watcher.events() == "a=2@2 a-@3");
}

BOOST_AUTO_TEST_CASE(a_watch_of_a_key_hears_of_that_key) {
  Fixture f;
  Joined watcher(f, "/v1/watch?key=a");
  f.order(commands(put("b", "1"), put("a", "2")));
  BOOST_TEST(watcher.events() == "a=2@2");
}

BOOST_AUTO_TEST_CASE(what_came_since_is_sent_before_synced) {
  Fixture f;
  f.order(commands(put("a", "1"), put("b", "2")));
  Watcher watcher(f, "/v1/watch?since=1");
  watcher.handshake();
  BOOST_TEST(watcher.events() == "b=2@2");
  BOOST_TEST(watcher.events() == "synced@2");
}

BOOST_AUTO_TEST_CASE(an_initial_state_comes_before_synced) {
  Fixture f;
  f.order(commands(put("b", "1"), put("a", "2")));
  Watcher watcher(f, "/v1/watch?initial=1");
  watcher.handshake();
  BOOST_TEST(watcher.events() == "a=2@2 b=1@1");
  BOOST_TEST(watcher.events() == "synced@2");
}

ServerOptions forgetful() {
  ServerOptions options = impatient(&Patience::idle, 1h);
  options.history_memory = 1;
  return options;
}

BOOST_AUTO_TEST_CASE(a_watch_below_the_history_is_told_the_difference) {
  Fixture f(forgetful());
  f.apply(put("a", "1"));
  f.apply(put("b", "1"));
  f.apply(put("c", "1"));
  f.apply(drop("b"));
  f.apply(put("d", "1"));
  Watcher watcher(f, "/v1/watch?since=2");
  watcher.handshake();
  BOOST_TEST(watcher.events() == "diff@5");
  BOOST_TEST(watcher.events() == "b-@4 c=1@3 d=1@5");
  BOOST_TEST(watcher.events() == "synced@5");
  f.apply(put("a", "2"));
  BOOST_TEST(watcher.events() == "a=2@6");
}

BOOST_AUTO_TEST_CASE(a_watch_that_would_rather_fail_than_have_a_gap_is_refused) {
  Fixture f(forgetful());
  f.apply(put("a", "1"));
  f.apply(put("a", "2"));
  Watcher watcher(f, "/v1/watch?since=0&on_gap=fail");
  Answer answer = watcher.handshake();
  BOOST_TEST(answer.status == 410);
  BOOST_TEST(answer.code() == "compacted");
}

BOOST_AUTO_TEST_CASE(a_watch_below_the_history_may_start_over) {
  Fixture f(forgetful());
  f.apply(put("a", "1"));
  f.apply(put("a", "2"));
  Watcher watcher(f, "/v1/watch?since=0&on_gap=reset");
  watcher.handshake();
  BOOST_TEST(watcher.events() == "reset@2");
  BOOST_TEST(watcher.events() == "a=2@2");
  BOOST_TEST(watcher.events() == "synced@2");
}

BOOST_AUTO_TEST_CASE(the_original_s_messages_come_without_synced_and_without_deletes) {
  Fixture f;
  Watcher watcher(f, "/subscribe");
  BOOST_TEST(watcher.handshake().status == 101);
  f.order(commands(drop("x"), put("a", "1"), drop("a"), put("b", "2")));
  auto value = [&] { return boost::json::parse(watcher.frame().payload).at("Value").as_string(); };
  BOOST_TEST(value() == "a: 1");
  BOOST_TEST(value() == "b: 2");
}

BOOST_AUTO_TEST_CASE(a_question_about_progress_is_answered_behind_everything_before_it) {
  Fixture f;
  Joined watcher(f, "/v1/watch?key=a");
  f.order(commands(put("a", "1"), put("b", "2")));
  watcher.client.send(from_client(FrameType::text, R"({"op":"progress"})"));
  BOOST_TEST(watcher.events() == "a=1@1");
  BOOST_TEST(watcher.events() == "progress@2");
}

BOOST_AUTO_TEST_CASE(progress_comes_after_that_long_without_an_event) {
  Fixture f;
  Joined watcher(f, "/v1/watch?key=a&progress=100ms");
  f.apply(put("b", "1"));
  auto begun = Clock::now();
  BOOST_TEST(watcher.events() == "progress@1");
  BOOST_TEST(watcher.events() == "progress@1");
  BOOST_TEST((Clock::now() - begun >= 100ms));
}

BOOST_AUTO_TEST_CASE(a_ping_is_answered_with_its_payload) {
  Fixture f;
  Joined watcher(f);
  watcher.client.send(from_client(FrameType::ping, "are you there"));
  ServerFrame pong = watcher.frame();
  BOOST_TEST((pong.type == FrameType::pong));
  BOOST_TEST(pong.payload == "are you there");
}

BOOST_AUTO_TEST_CASE(a_silent_client_is_pinged_and_an_answer_keeps_it) {
  Fixture f(&Patience::ping);
  Joined watcher(f);
  for (int turn = 0; turn < 3; ++turn) {
    BOOST_TEST((watcher.frame().type == FrameType::ping));
    watcher.client.send(from_client(FrameType::pong));
  }
  BOOST_TEST(!watcher.client.server_over());
}

BOOST_AUTO_TEST_CASE(any_byte_is_a_sign_of_life) {
  Fixture f(&Patience::ping);
  Joined watcher(f);
  std::string ignored = from_client(FrameType::text, "ignored");
  for (std::size_t at = 0; at < 3; ++at) {
    BOOST_TEST((watcher.frame().type == FrameType::ping));
    watcher.client.send(ignored.substr(at, 1));  // not even a whole frame
  }
}

BOOST_AUTO_TEST_CASE(one_ping_is_enough_until_the_client_is_heard) {
  Fixture f(&Patience::ping);
  Joined watcher(f);
  BOOST_TEST((watcher.frame().type == FrameType::ping));
  f.apply(put("a", "1"));
  BOOST_TEST(watcher.events() == "a=1@1");
  f.apply(put("a", "2"));
  BOOST_TEST(watcher.events() == "a=2@2");
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_answer_a_ping_is_closed_as_dead) {
  ServerOptions options = impatient(&Patience::ping);
  options.patience.dead = 2ms;
  Fixture f(options);
  Joined watcher(f);
  BOOST_TEST((watcher.frame().type == FrameType::ping));
  BOOST_TEST(watcher.closing() == "1013 dead since=0");
  watcher.client.close().until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_CASE(a_client_is_dead_when_nothing_came_for_that_time_not_that_time_after_the_ping) {
  ServerOptions options = impatient(&Patience::idle, 60ms);
  options.patience.ping = options.patience.dead = 40ms;
  Fixture f(options);
  Joined watcher(f);
  Client clock(f);
  clock.rest();
  settle(f.worker.context());
  BOOST_TEST((watcher.frame().type == FrameType::ping));
  ServerFrame frame;
  BOOST_TEST(take_frame(watcher.client.received(), frame));
  BOOST_TEST(frame.code() == close_code::try_later);
}

BOOST_AUTO_TEST_CASE(a_dead_client_is_told_from_where_to_go_on) {
  ServerOptions options = impatient(&Patience::ping);
  options.patience.dead = 2ms;
  Fixture f(options);
  f.apply(put("a", "1"));
  Watcher watcher(f, "/v1/watch?key=b");
  std::string words;
  watcher.client.wait([&] { return watcher.client.ended(); });
  ServerFrame frame;
  watcher.handshake();
  while (take_frame(watcher.client.received(), frame)) words = frame.reason();
  BOOST_TEST(words == "dead since=" + to_string(Position{Revision{1}, f.store.log_id()}));
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_no_byte_is_closed_without_a_word) {
  Fixture f(&Patience::send);
  std::size_t changes = 40;
  Watcher watcher(f, "/v1/watch", small);
  for (std::size_t i = 0; i < changes; ++i) f.apply(put("a", std::string(100'000, 'x')));
  watcher.client.until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
  std::string heard = watcher.client.rest();
  BOOST_TEST(take_answer(heard).status == 101);
  BOOST_TEST(heard.size() < changes * 100'000);
  ServerFrame frame;
  while (take_frame(heard, frame)) BOOST_TEST((frame.type == FrameType::text));
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_its_time_misses_nothing) {
  Fixture f;
  std::size_t changes = 40;
  Watcher watcher(f, "/v1/watch", small);
  for (std::size_t i = 0; i < changes; ++i) f.apply(put("a", std::string(100'000, 'x')));
  watcher.handshake();
  BOOST_TEST(watcher.events() == "synced@0");
  std::uint64_t last = 0;
  while (last < changes) {
    auto parsed = boost::json::parse(watcher.frame().payload);
    for (const auto& event : parsed.as_array()) {
      auto revision = event.at("revision").to_number<std::uint64_t>();
      BOOST_TEST(revision == last + 1);
      last = revision;
    }
  }
}

// The handler that tells of a change sends what there is room for; the rest, and what comes meanwhile, is the watch's.
BOOST_AUTO_TEST_CASE(a_change_that_does_not_fit_into_the_socket_is_sent_whole_before_the_next) {
  for (std::string_view target : {"/v1/watch", "/v1/watch?key=a"}) {
    Fixture f;
    Joined watcher(f, target, small);
    std::string value(4'000'000, 'x');
    f.apply(put("a", value));
    f.apply(put("a", "2"));
    BOOST_TEST((watcher.events() == "a=" + value + "@1"));
    BOOST_TEST(watcher.events() == "a=2@2");
    f.apply(put("a", "3"));
    BOOST_TEST(watcher.events() == "a=3@3");
    watcher.client.send(from_client(FrameType::text, R"({"op":"progress"})"));
    BOOST_TEST(watcher.events() == "progress@3");
  }
}

// Whoever is told where it stands would otherwise have it in the middle of a frame.
BOOST_AUTO_TEST_CASE(a_question_while_a_change_is_half_sent_is_answered_behind_it) {
  Fixture f;
  Watcher watcher(f, "/v1/watch", small);  // which does not listen yet
  std::string value(4'000'000, 'x');
  f.apply(put("a", value));
  watcher.client.send(from_client(FrameType::text, R"({"op":"progress"})") + from_client(FrameType::ping, "hello"));
  settle(f.worker.context());
  watcher.handshake();
  BOOST_TEST(watcher.events() == "synced@0");
  BOOST_TEST((watcher.events() == "a=" + value + "@1"));
  std::string rest;
  for (int i = 0; i < 2; ++i) {
    ServerFrame frame = watcher.frame();
    rest += frame.type == FrameType::pong                         ? "pong "
            : frame.payload.find("progress") == std::string::npos ? "? "
                                                                  : "progress ";
  }
  BOOST_TEST((rest == "pong progress " || rest == "progress pong "));
}

BOOST_AUTO_TEST_CASE(a_watch_ends_with_its_count_and_waits_for_the_client_s_goodbye) {
  Fixture f;
  Joined watcher(f, "/v1/watch?count=2");
  f.order(commands(put("a", "1"), put("b", "2"), put("c", "3")));
  BOOST_TEST(watcher.events() == "a=1@1 b=2@2");
  BOOST_TEST(watcher.closing() == "1000 count since=2");
  BOOST_TEST(!watcher.client.server_over());
  watcher.client.send(goodbye()).until_server_is_over();
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_say_goodbye_is_not_waited_for_longer_than_a_moment) {
  Fixture f(&Patience::closing);
  Joined watcher(f, "/v1/watch?count=1");
  f.apply(put("a", "1"));
  watcher.client.until_server_is_over();
  BOOST_TEST(watcher.events() == "a=1@1");
  BOOST_TEST(watcher.closing() == "1000 count since=1");
}

BOOST_AUTO_TEST_CASE(a_client_s_goodbye_is_answered_and_ends_it) {
  Fixture f;
  Joined watcher(f);
  watcher.client.send(goodbye());
  BOOST_TEST(watcher.closing() == "1000 ");
  watcher.client.until_server_is_over();
  BOOST_TEST(f.counters.watchers == 0U);
  BOOST_TEST(f.counters.connections == 0U);
}

BOOST_AUTO_TEST_CASE(what_breaks_the_protocol_is_told_and_ends_it) {
  for (auto [bytes, words] : {std::pair{std::string("\x81\x01x"), "1002 protocol_error since=2"},  // not masked
                              {from_client(FrameType{3}), "1002 protocol_error since=2"},
                              {from_client(FrameType::text, "\xFF"), "1007 bad_text since=2"},
                              {from_client(FrameType::text, std::string(70'000, 'x')), "1009 too_large since=2"}}) {
    Fixture f;
    f.order(commands(put("a", "1"), put("b", "2")));
    Joined watcher(f);
    watcher.client.send(bytes);
    BOOST_TEST(watcher.closing() == words);
    watcher.client.close().until_server_is_over();
  }
}

BOOST_AUTO_TEST_CASE(messages_that_mean_nothing_are_ignored) {
  Fixture f;
  Joined watcher(f);
  for (std::string_view text : {"", "nonsense", "[]", "{}", R"({"op":1})", R"({"op":"other"})", "{\"op\":"}) {
    watcher.client.send(from_client(FrameType::text, text));
    settle(f.worker.context());
  }
  watcher.client.send(from_client(FrameType::binary, R"({"op":"progress"})"));
  settle(f.worker.context());
  f.apply(put("a", "1"));
  BOOST_TEST(watcher.events() == "a=1@1");
}

BOOST_AUTO_TEST_CASE(what_the_client_sent_behind_its_handshake_counts) {
  Fixture f;
  Client client(f, get("/v1/watch", upgrade) + goodbye());
  BOOST_TEST(client.answer().status == 101);
  client.rest();
  client.until_server_is_over();
}

BOOST_AUTO_TEST_CASE(a_client_that_leaves_ends_its_watch) {
  Fixture f;
  {
    Joined idle(f);
    Watcher full(f, "/v1/watch", small);
    for (int i = 0; i < 10; ++i) f.apply(put("a", std::string(100'000, 'x')));
    BOOST_TEST(f.counters.watchers == 2U);
    idle.client.close().until_server_is_over();
    full.client.close().until_server_is_over();
  }
  BOOST_TEST(f.counters.watchers == 0U);
  BOOST_TEST(f.worker.view().watches() == 0U);
}

BOOST_AUTO_TEST_CASE(a_shutdown_tells_from_where_to_go_on_when_everything_is_sent) {
  Fixture f;
  Joined watcher(f, "/v1/watch?key=a");
  f.order(commands(put("a", "1"), put("b", "2")));
  f.stop();
  BOOST_TEST(watcher.events() == "a=1@1");
  BOOST_TEST(watcher.closing() == "1001 draining since=2");
}

BOOST_AUTO_TEST_CASE(an_abort_ends_a_watch_whatever_it_does) {
  Fixture f;
  Joined idle(f), closing(f, "/v1/watch?count=1");
  Watcher full(f, "/v1/watch", small);
  for (int i = 0; i < 10; ++i) f.apply(put("a", std::string(100'000, 'x')));
  BOOST_TEST(f.counters.watchers == 3U);
  f.worker.abort_all();
  settle(f.worker.context());
  BOOST_TEST(f.counters.watchers == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
