#include "kvs/crc32c.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(crc32c_test)

// RFC 3720, appendix B.4
BOOST_AUTO_TEST_CASE(gives_what_the_standard_says) {
  std::string rising(32, '\0');
  for (std::size_t n = 0; n < rising.size(); ++n) rising[n] = static_cast<char>(n);
  for (auto function : {crc32c, crc32c_by_table}) {
    BOOST_TEST(function(std::string(32, '\0'), 0) == 0x8a9136aau);
    BOOST_TEST(function(std::string(32, '\xff'), 0) == 0x62a8ab43u);
    BOOST_TEST(function(rising, 0) == 0x46dd794eu);
    BOOST_TEST(function("123456789", 0) == 0xe3069283u);
    BOOST_TEST(function("", 0) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(instruction_and_table_agree_at_every_length_and_alignment) {
  std::mt19937 random(1);
  std::string bytes(300, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
      auto part = std::string_view(bytes).substr(begin, size);
      BOOST_REQUIRE_EQUAL(crc32c(part), crc32c_by_table(part));
    }
  }
}

BOOST_AUTO_TEST_CASE(can_be_taken_in_parts) {
  std::string_view all = "the checksum of both, one after the other";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    BOOST_REQUIRE_EQUAL(crc32c(all.substr(cut), crc32c(all.substr(0, cut))), crc32c(all));
    BOOST_REQUIRE_EQUAL(crc32c_by_table(all.substr(cut), crc32c_by_table(all.substr(0, cut))), crc32c(all));
  }
}

BOOST_AUTO_TEST_SUITE_END()
