#include "kvs/net/websocket.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <vector>

using namespace kvs;
using Kind = FrameDecoder::Event::Kind;

namespace {

// A client's frame: `first` is its first byte.
std::string frame(int first, std::string_view payload, std::string_view mask = "\x12\x34\x56\x78") {
  std::string out;
  append_frame_header(out, FrameType::text, payload.size());
  out[0] = static_cast<char>(first);
  out[1] = static_cast<char>(out[1] | 0x80);
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

constexpr int fin = 0x80, text = 1, binary = 2, closes = 8, ping = 9, pong = 10;

// What comes out, one word an event: "text:abc", "ping:", "close:1000:bye", "error:1002".
std::vector<std::string> decode(std::string_view input, std::size_t piece = SIZE_MAX) {
  FrameDecoder decoder;
  std::vector<std::string> events;
  while (!input.empty()) {
    std::vector<char> bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(std::min(piece, input.size())));
    input.remove_prefix(bytes.size());
    std::string_view left(bytes.data(), bytes.size());
    while (true) {
      auto event = decoder.next(left);
      std::string payload(event.payload);
      if (event.kind == Kind::need_more) break;
      if (event.kind == Kind::message) events.push_back((event.text ? "text:" : "binary:") + payload);
      if (event.kind == Kind::ping) events.push_back("ping:" + payload);
      if (event.kind == Kind::pong) events.push_back("pong:" + payload);
      if (event.kind == Kind::close) events.push_back("close:" + std::to_string(event.code) + ':' + payload);
      if (event.kind == Kind::error) events.push_back("error:" + std::to_string(event.code));
      if (event.kind == Kind::close || event.kind == Kind::error) return events;
    }
    BOOST_TEST(left.empty());
  }
  return events;
}

std::string one(std::string_view input) {
  auto events = decode(input);
  return events.empty() ? "" : events.back();
}

std::string closing(int code, std::string_view reason = "") {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  payload += reason;
  return frame(fin | closes, payload);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(websocket)

BOOST_AUTO_TEST_CASE(the_accept_key_is_that_of_the_rfc) {
  BOOST_TEST(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

BOOST_AUTO_TEST_CASE(upgrades_are_checked) {
  auto check = [](std::string_view line, std::string_view lines) {
    std::string bytes =
        std::string(line) + "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + std::string(lines) + "\r\n";
    RequestHead head;
    BOOST_TEST((parse_head(bytes, head).kind == HeadResult::Kind::complete));
    auto error = check_upgrade(head);
    return error ? error->status : 0;
  };
  std::string_view get = "GET / HTTP/1.1\r\n",
                   key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  BOOST_TEST(check(get, key) == 0);
  BOOST_TEST(check(get, std::string(key) + "Content-Length: 3\r\n") == 400);
  BOOST_TEST(check(get, "Sec-WebSocket-Version: 13\r\n") == 400);
  BOOST_TEST(check(get, "Sec-WebSocket-Key: c2hvcnQ=\r\nSec-WebSocket-Version: 13\r\n") == 400);
  BOOST_TEST(check(get, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n") == 426);
}

BOOST_AUTO_TEST_CASE(frames_out_take_the_shortest_length) {
  auto header = [](std::uint64_t size) {
    std::string out;
    append_frame_header(out, FrameType::text, size);
    return out;
  };
  BOOST_TEST(header(125) == std::string("\x81\x7D", 2));
  BOOST_TEST(header(126) == std::string("\x81\x7E\x00\x7E", 4));
  BOOST_TEST(header(65535) == std::string("\x81\x7E\xFF\xFF", 4));
  BOOST_TEST(header(65536) == std::string("\x81\x7F\0\0\0\0\0\1\0\0", 10));
}

BOOST_AUTO_TEST_CASE(messages_come_out_unmasked) {
  for (std::size_t size : {0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536}) {
    std::string payload(size, 'x');
    BOOST_TEST(one(frame(fin | text, payload)) == "text:" + payload);
  }
  BOOST_TEST(one(frame(fin | binary, "\xFF\xFE")) == "binary:\xFF\xFE");
}

BOOST_AUTO_TEST_CASE(fragments_join_and_control_frames_come_between) {
  std::string stream = frame(text, "one ") + frame(fin | ping, "p") + frame(0, "two ") + frame(fin | pong, "") +
                       frame(fin | 0, "three") + frame(fin | text, "next") + closing(1000, "bye");
  std::vector<std::string> expected{"ping:p", "pong:", "text:one two three", "text:next", "close:1000:bye"};
  BOOST_TEST(decode(stream) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_give_the_same) {
  std::string long_text(300, 'z');
  std::string stream = frame(text, "a\xC3") + frame(fin | ping, "0123456789") + frame(fin | 0, "\xA9") +
                       frame(fin | text, long_text) + frame(fin | binary, "") + closing(4000, "r\xC3\xA9");
  auto whole = decode(stream);
  BOOST_TEST(whole.size() == 5U);
  for (std::size_t piece = 1; piece < 20; ++piece)
    BOOST_TEST(decode(stream, piece) == whole, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(broken_frames_are_protocol_errors) {
  std::string unmasked;
  append_frame(unmasked, FrameType::text, "hello");
  BOOST_TEST(one(unmasked) == "error:1002");
  BOOST_TEST(one(frame(fin | 0x40 | text, "x")) == "error:1002");
  BOOST_TEST(one(frame(fin | 0x10 | text, "x")) == "error:1002");
  for (int type : {3, 4, 7, 11, 15}) BOOST_TEST(one(frame(fin | type, "x")) == "error:1002");
  BOOST_TEST(one(frame(ping, "fragmented")) == "error:1002");
  BOOST_TEST(one(frame(fin | ping, std::string(126, 'x'))) == "error:1002");
  BOOST_TEST(one(frame(fin | 0, "nothing to continue")) == "error:1002");
  BOOST_TEST(one(frame(text, "a") + frame(fin | text, "b")) == "error:1002");
  BOOST_TEST(one(std::string("\x81\xFE\x00\x05mask.....", 13)) == "error:1002");
  BOOST_TEST(one(std::string("\x81\xFF\0\0\0\0\0\0\xFF\xFFmask", 14)) == "error:1002");
  BOOST_TEST(one(std::string("\x81\xFF\x80\0\0\0\0\0\0\0mask", 14)) == "error:1002");
}

BOOST_AUTO_TEST_CASE(messages_above_the_limit_are_1009) {
  BOOST_TEST(one(frame(fin | text, std::string(65537, 'x'))) == "error:1009");
  BOOST_TEST(one(frame(text, std::string(40000, 'x')) + frame(fin | 0, std::string(40000, 'x'))) == "error:1009");
  BOOST_TEST(one(std::string("\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask", 14)) == "error:1009");
}

BOOST_AUTO_TEST_CASE(text_must_be_utf8) {
  BOOST_TEST(one(frame(fin | text, "\xFF")) == "error:1007");
  BOOST_TEST(one(frame(text, "\xC3") + frame(fin | 0, "x")) == "error:1007");
  BOOST_TEST(one(closing(1000, "\xFF")) == "error:1007");
}

BOOST_AUTO_TEST_CASE(close_codes_are_checked) {
  BOOST_TEST(one(frame(fin | closes, "")) == "close:1005:");
  BOOST_TEST(one(frame(fin | closes, "x")) == "error:1002");
  for (int code : {1000, 1001, 1003, 1007, 1011, 1013, 3000, 4999}) {
    BOOST_TEST(one(closing(code)) == "close:" + std::to_string(code) + ":");
  }
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
    BOOST_TEST(one(closing(code)) == "error:1002");
}

BOOST_AUTO_TEST_CASE(a_close_reason_is_cut_at_a_character) {
  std::string out;
  append_close(out, 4410, "compacted since=7");
  BOOST_TEST(out == std::string("\x88\x13\x11\x3A", 4) + "compacted since=7");
  out.clear();
  append_close(out, 1000, std::string(122, 'x') + "\xC3\xA9");
  BOOST_TEST(out.size() == 2U + 2 + 122);
  out.clear();
  append_close(out, close_code::no_code);
  BOOST_TEST(out == std::string("\x88\x00", 2));
}

BOOST_AUTO_TEST_CASE(mutated_streams_end_somehow_and_alike) {
  std::mt19937 random(5);
  const std::string seed = frame(text, "one ") + frame(fin | ping, "p") + frame(fin | 0, "two") +
                           frame(fin | binary, std::string(130, 'b')) + closing(1000, "bye");
  for (int round = 0; round < 20'000; ++round) {
    std::string stream = seed;
    for (int i = 0; i < 3; ++i) stream[random() % stream.size()] = static_cast<char>(random());
    BOOST_REQUIRE(decode(stream) == decode(stream, 1 + random() % 7));
  }
}

BOOST_AUTO_TEST_SUITE_END()
