#include "kvs/net/chunked.hpp"

#include <boost/test/unit_test.hpp>
#include <ostream>
#include <random>

using namespace kvs;
using Status = ChunkedDecoder::Status;

namespace kvs {
std::ostream& operator<<(std::ostream& out, ChunkedDecoder::Status status) { return out << static_cast<int>(status); }
}  // namespace kvs

namespace {

struct Decoded {
  Status status = Status::need_more;
  std::string body;
  std::string rest;
  bool operator==(const Decoded&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Decoded& d) {
  return out << d.status << ' ' << d.body << '|' << d.rest;
}

Decoded decode(std::string_view input, std::size_t piece = SIZE_MAX, std::size_t limit = 1000) {
  ChunkedDecoder decoder(limit);
  Decoded decoded;
  while (!input.empty() && decoded.status == Status::need_more) {
    auto taken = input.substr(0, piece);
    auto left = taken;
    decoded.status = decoder.feed(left, decoded.body);
    input.remove_prefix(taken.size() - left.size());
  }
  decoded.rest = input;
  return decoded;
}

Status status(std::string_view input) { return decode(input).status; }

}  // namespace

BOOST_AUTO_TEST_SUITE(chunked_body)

BOOST_AUTO_TEST_CASE(chunks_become_one_body_and_the_next_request_stays) {
  Decoded d = decode("5\r\nhello\r\n0A\r\n, wide wor\r\n0002;x=\"y\"\r\nld\r\n0\r\nTrailer: x\r\nT: y\r\n\r\nGET /");
  BOOST_TEST(d.status == Status::done);
  BOOST_TEST(d.body == "hello, wide world");
  BOOST_TEST(d.rest == "GET /");
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_give_the_same) {
  for (std::string_view input : {"5\r\nhello\r\nb;e\r\n0123456789a\r\n0\r\n\r\nrest", "3\r\nabcd\r\n", "5\r\nhel",
                                 "2000\r\nx", "0\r\nA: b\r\n\r\n", "0\r\n c\r\n\r\n", "1\r\n\r\n\r\n0\r\n\r\n"}) {
    Decoded whole = decode(input);
    for (std::size_t piece = 1; piece < 8; ++piece) BOOST_TEST(decode(input, piece) == whole);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_body_is_one_last_chunk) {
  BOOST_TEST(status("0\r\n\r\n") == Status::done);
  BOOST_TEST(status("000\r\n\r\n") == Status::done);
}

BOOST_AUTO_TEST_CASE(sizes_are_strict) {
  for (std::string_view input : {"\r\n", "g\r\n", "0x5\r\nhello", "-1\r\n", "+1\r\n", " 1\r\n", "1 \r\na\r\n",
                                 "1\na\r\n", "1\r\ra", "00000000000000001\r\n", ";x\r\n", "1\t;x\r\n"}) {
    BOOST_TEST(status(input) == Status::malformed, input);
  }
}

BOOST_AUTO_TEST_CASE(line_ends_are_strict) {
  for (std::string_view input :
       {"1\r\nab\r\n", "1\r\na\n", "1\r\na\rb", "1;x\n", "1;x\ry", "0\r\n\n", "0\r\n\rx", "0\r\nA: b\n\r\n",
        "0\r\nA: b\r\n folded\r\n\r\n", "0\r\nA: \x01\r\n\r\n", "1;\x01\r\n"}) {
    BOOST_TEST(status(input) == Status::malformed, input);
  }
}

BOOST_AUTO_TEST_CASE(a_body_that_is_too_large_is_known_from_its_size) {
  BOOST_TEST(decode("3E8\r\n", SIZE_MAX).status == Status::need_more);
  BOOST_TEST(decode("3E9\r\n").status == Status::too_large);
  BOOST_TEST(decode("ffffffffffffffff\r\n").status == Status::too_large);
  BOOST_TEST(decode("3\r\nabc\r\n3\r\n", SIZE_MAX, 5).status == Status::too_large);
}

BOOST_AUTO_TEST_CASE(extensions_and_trailers_are_bounded) {
  BOOST_TEST(status("1;" + std::string(1000, 'x') + "\r\na\r\n0\r\n\r\n") == Status::done);
  BOOST_TEST(status("1;" + std::string(2000, 'x')) == Status::framing_too_large);
  BOOST_TEST(status("0\r\nT: " + std::string(9000, 'x')) == Status::framing_too_large);
  std::string many;
  for (int i = 0; i < 40; ++i) many += "1;" + std::string(900, 'x') + "\r\na\r\n";
  BOOST_TEST(status(many) == Status::framing_too_large);
}

BOOST_AUTO_TEST_CASE(mutated_bodies_end_somehow) {
  std::mt19937 random(1);
  const std::string seed = "5\r\nhello\r\n0A;x\r\n0123456789\r\n0\r\nT: v\r\n\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = "\r\n0aF;: x\x80"[random() % 10];
    Decoded whole = decode(text);
    BOOST_REQUIRE(whole == decode(text, 1 + random() % 5));
    BOOST_REQUIRE(whole.body.size() <= text.size());
  }
}

BOOST_AUTO_TEST_SUITE_END()
