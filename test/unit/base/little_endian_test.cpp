#include "kvs/little_endian.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(little_endian)

BOOST_AUTO_TEST_CASE(numbers_are_appended_least_significant_byte_first) {
  std::string bytes = "x";
  ByteAppender out(bytes);
  out.put(std::uint32_t{0x04030201});
  out.put(std::int8_t{-1});
  BOOST_TEST(bytes == "x\x01\x02\x03\x04\xFF");
}

BOOST_AUTO_TEST_CASE(a_text_is_its_size_and_its_bytes) {
  std::string bytes;
  ByteAppender(bytes).put_text("abc");
  BOOST_TEST(bytes ==
             "\x03"
             "abc");
}

BOOST_AUTO_TEST_CASE(what_was_appended_is_read_back) {
  std::string bytes;
  ByteAppender out(bytes);
  out.put(std::int64_t{-5});
  out.put_text("");
  out.put_text(std::string(255, 'x'));
  CheckedReader in(bytes);
  BOOST_TEST(in.get<std::int64_t>() == -5);
  BOOST_TEST(in.get_text() == "");
  BOOST_TEST(in.get_text() == std::string(255, 'x'));
  BOOST_TEST(in.at_end());
}

BOOST_AUTO_TEST_CASE(a_number_that_is_not_there_whole_is_zero_and_not_ok) {
  CheckedReader in("\x01\x02\x03");
  BOOST_TEST(in.get<std::uint32_t>() == 0U);
  BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(a_text_that_is_not_there_whole_is_empty_and_not_ok) {
  CheckedReader in(
      "\x04"
      "abc");
  BOOST_TEST(in.get_text() == "");
  BOOST_TEST(!in.ok());
}

BOOST_AUTO_TEST_CASE(after_the_first_miss_nothing_more_is_read) {
  CheckedReader in("\x01\x02\x03");
  in.get<std::uint32_t>();
  BOOST_TEST(int{in.get<std::uint8_t>()} == 0);
  BOOST_TEST(in.left() == 0U);
  BOOST_TEST(!in.at_end());
}

BOOST_AUTO_TEST_CASE(a_reader_is_not_at_the_end_before_it_has_read_all) {
  CheckedReader in("ab");
  in.get<std::uint8_t>();
  BOOST_TEST(!in.at_end());
  in.get<std::uint8_t>();
  BOOST_TEST(in.at_end());
}

BOOST_AUTO_TEST_SUITE_END()
