// The load generator counts answers and events exactly, however the bytes are cut into pieces.
#define BOOST_TEST_MODULE load
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

#include "test/bench/load/dialect.hpp"
#include "test/bench/load/event_counter.hpp"
#include "test/bench/load/histogram.hpp"
#include "test/bench/load/http_answers.hpp"
#include "test/bench/load/line_answers.hpp"

using namespace kvs::load;

namespace {

// What is counted when the text arrives `size` bytes at a time.
template <typename Reader>
Answers in_pieces(std::string_view text, std::size_t size) {
  Reader reader;
  Answers sum;
  std::string kept;
  for (std::size_t at = 0; at < text.size(); at += size) {
    kept += text.substr(at, size);
    const auto answers = reader.read(kept);
    sum.count += answers.count;
    sum.refused += answers.refused;
    kept.erase(0, answers.used);
  }
  BOOST_TEST(kept.empty());
  return sum;
}

std::string http_answer(int status, std::size_t size) {
  return "HTTP/1.1 " + std::to_string(status) + " Because\r\nETag: \"7\"\r\ncontent-length: " + std::to_string(size) +
         "\r\nServer: x\r\n\r\n" + std::string(size, 'v');
}

std::string frame(unsigned char opcode, const std::string& payload) {
  std::string out(1, static_cast<char>(0x80 | opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    out += {126, static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  } else {
    out += {127, 0, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  }
  return out + payload;
}

std::string events(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(R"({"op":"set","key":"k"})");
  return "[" + out + "]";
}

std::size_t count_in_pieces(EventCounter& counter, std::string_view text, std::size_t size, std::string& reply) {
  std::size_t sum = 0;
  for (std::size_t at = 0; at < text.size(); at += size) sum += counter.count(text.substr(at, size), reply);
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(http_answers_are_counted_in_pieces_of_any_size) {
  const auto text = http_answer(200, 100) + http_answer(200, 100) + http_answer(201, 0) + http_answer(404, 12345) +
                    http_answer(200, 100);
  for (std::size_t size : {1, 2, 3, 7, 64, 100, 4096, 100000}) {
    const auto answers = in_pieces<HttpAnswers>(text, size);
    BOOST_TEST(answers.count == 5u);
    BOOST_TEST(answers.refused == 1u);
  }
}

BOOST_AUTO_TEST_CASE(resp_answers_are_counted_in_pieces_of_any_size) {
  const std::string text = "+OK\r\n:7\r\n$5\r\nab\r\nc\r\n$0\r\n\r\n-ERR no\r\n$-1\r\n+OK\r\n";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const auto answers = in_pieces<RespAnswers>(text, size);
    BOOST_TEST(answers.count == 7u);
    BOOST_TEST(answers.refused == 2u);
  }
}

BOOST_AUTO_TEST_CASE(a_nats_batch_is_answered_by_its_pong) {
  const auto answers = in_pieces<NatsAnswers>("INFO {}\r\nPING\r\nPONG\r\nPONG\r\n", 3);
  BOOST_TEST(answers.count == 2u);
  BOOST_TEST(answers.refused == 0u);
}

BOOST_AUTO_TEST_CASE(websocket_events_are_counted_in_pieces_of_any_size_and_pings_answered) {
  // 5 events give a payload of 116 bytes, 6 one of 139; a length of 123 is a `{` in the head of a frame.
  const auto text = frame(1, events(5)) + frame(1, events(6)) + frame(9, "hello") + frame(1, std::string(123, ' ')) +
                    frame(1, "") + frame(1, events(5000)) + frame(1, events(1));
  for (std::size_t size : {1, 2, 3, 5, 11, 125, 4096, 1000000}) {
    WebSocketCounter counter;
    std::string reply;
    BOOST_TEST(count_in_pieces(counter, text, size, reply) == 5012u);
    BOOST_TEST(reply == std::string("\x8a\x85\0\0\0\0hello", 11));
  }
}

BOOST_AUTO_TEST_CASE(a_close_frame_ends_the_run_with_its_reason) {
  WebSocketCounter counter;
  std::string reply;
  BOOST_CHECK_THROW(counter.count(frame(8,
                                        "\x03\xe9"
                                        "draining since=7"),
                                  reply),
                    std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_subscription_to_kvs_stands_with_synced) {
  WebSocketCounter counter;
  const auto text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + frame(1, R"([{"op":"synced"}])");
  for (std::size_t size = 0; size < text.size(); ++size) BOOST_TEST(counter.greeting(text.substr(0, size)) == 0u);
  BOOST_TEST(counter.greeting(text + "more") == text.size());
  BOOST_CHECK_THROW(counter.greeting("HTTP/1.1 503 Starting\r\n\r\n"), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(events_of_fixed_size_are_counted_in_pieces_of_any_size) {
  Options options;
  options.protocol = "nats";
  const std::string event = "MSG changes 1 100\r\n" + std::string(100, 'P') + "\r\n";
  const auto text = event + event + "PING\r\n" + event;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const auto subscription = make_subscription(options, 0);
    std::string reply;
    BOOST_TEST(count_in_pieces(*subscription.counter, text, size, reply) == 3u);
    BOOST_TEST(reply == "PONG\r\n");
  }
}

BOOST_AUTO_TEST_CASE(of_ten_mixed_requests_one_is_a_set) {
  const Dialect dialect = make_dialect({}, "mixed");
  Keys keys(1000, true);
  std::string text;
  for (int i = 0; i < 30; ++i) dialect.append(text, keys, 1);
  std::size_t gets = 0, sets = 0;
  for (auto at = text.find("/v1/kv/"); at != std::string::npos; at = text.find("/v1/kv/", at + 1))
    ++(text.substr(at - 4, 4) == "PUT " ? sets : gets);
  BOOST_TEST(sets == 3);
  BOOST_TEST(gets == 27);
}

BOOST_AUTO_TEST_CASE(percentiles_are_right_within_three_percent) {
  Histogram histogram;
  for (int us = 1; us <= 1000; ++us) histogram.add(us * 1000);
  BOOST_TEST(histogram.percentile(0.5) == 500.0, boost::test_tools::tolerance(0.035));
  BOOST_TEST(histogram.percentile(0.99) == 990.0, boost::test_tools::tolerance(0.035));
  BOOST_TEST(histogram.max() == 1000.0);
}
