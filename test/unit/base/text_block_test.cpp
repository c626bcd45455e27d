#include "kvs/text_block.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(text_block)

BOOST_AUTO_TEST_CASE(pieces_of_any_size_arrive_in_order) {
  for (std::size_t size : {0, 1, 200, 256, 257, 511, 512, 513, 5000}) {
    std::string out = "begin ", expected = out;
    {
      TextBlock block(out);
      for (int i = 0; i < 7; ++i) {
        block << "n=" << std::uint64_t{UINT64_MAX} << ' ' << std::string(size, 'x') << '\n';
        expected += "n=18446744073709551615 " + std::string(size, 'x') + '\n';
        std::memcpy(block.take(3), "end", 3);
        expected += "end";
      }
    }
    BOOST_TEST(out == expected);
  }
}

BOOST_AUTO_TEST_CASE(a_flush_makes_room_for_others) {
  std::string out;
  TextBlock block(out);
  block << "one ";
  block.flush();
  out += "two ";
  block << "three";
  block.flush();
  BOOST_TEST(out == "one two three");
}

BOOST_AUTO_TEST_SUITE_END()
