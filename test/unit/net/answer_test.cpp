#include "kvs/net/answer.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(answer)

BOOST_AUTO_TEST_CASE(an_answer_is_put_together) {
  std::string out;
  append_status(out, 200);
  append_field(out, "Content-Type", "text/plain");
  append_field(out, "Kvs-Revision", 42);
  append_etag(out, 42);
  append_body(out, "hello");
  BOOST_TEST(out ==
             "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nKvs-Revision: 42\r\nETag: \"42\"\r\nContent-Length: "
             "5\r\n\r\nhello");
}

BOOST_AUTO_TEST_CASE(every_status_we_send_has_a_line) {
  for (int status : {100, 101, 200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412,
                     413, 414, 415, 417, 421, 422, 426, 429, 431, 500, 501, 503, 504, 505, 507}) {
    auto line = status_line(status);
    BOOST_TEST(line.starts_with("HTTP/1.1 " + std::to_string(status) + ' '));
    BOOST_TEST(line.ends_with("\r\n"));
    BOOST_TEST(!reason_phrase(status).empty());
  }
  BOOST_TEST(reason_phrase(404) == "Not Found");
}

BOOST_AUTO_TEST_CASE(dates_are_imf_fixdates) {
  BOOST_TEST(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_TEST(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

BOOST_AUTO_TEST_CASE(every_code_has_a_status_with_a_line_and_a_title) {
  for (int i = 1; i <= static_cast<int>(errc::out_of_space); ++i) {
    auto code = static_cast<errc>(i);
    BOOST_TEST(http_status(code) >= 400);
    BOOST_TEST((http_status(code) != 500), to_string(code));
    BOOST_TEST(title(code) != "Error", to_string(code));
  }
}

BOOST_AUTO_TEST_CASE(a_problem_is_json_with_everything_in_it) {
  std::string out;
  append_problem(out, errc::condition_failed, "the key \"a\" has revision 7", "req\xFF-1", "\"current_revision\":7");
  BOOST_TEST(out ==
             "{\"type\":\"urn:kvs:problem:condition_failed\",\"title\":\"Condition failed\",\"status\":412,"
             "\"detail\":\"the key \\\"a\\\" has revision "
             "7\",\"code\":\"condition_failed\",\"request_id\":\"req\xEF\xBF\xBD-1\","
             "\"current_revision\":7}");
  out.clear();
  append_problem(out, errc::malformed, "d", "r", {}, 501);
  BOOST_TEST(boost::json::parse(out).at("status").as_int64() == 501);
}

BOOST_AUTO_TEST_CASE(field_values_hold_no_line_ends) {
  BOOST_TEST(is_field_value("text/plain; x=\"\xC3\xA9\""));
  BOOST_TEST(!is_field_value("a\r\nb"));
  BOOST_TEST(!is_field_value(std::string_view("a\0", 2)));
}

BOOST_AUTO_TEST_SUITE_END()
