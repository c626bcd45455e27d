// What e2e/test_txn.py does not see from outside: what a body becomes.
#include "kvs/net/transaction_request.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

BOOST_AUTO_TEST_SUITE(transaction_request)

BOOST_AUTO_TEST_CASE(a_body_becomes_checks_and_steps) {
  auto parsed = parse_transaction(R"({
      "if":[{"key":"a","revision":7},{"key":"b","revision":0},{"key":"c","absent":true},{"key":"d","value_base64":"/w=="}],
      "then":[{"op":"set","key":"a","value":"v","ttl":"1h","content_type":"text/css"},{"op":"delete","key":"b"}],
      "else":[{"op":"get","key_base64":"/w=="}]})",
                                  1000);
  const Transaction& transaction = **parsed;
  const auto& checks = transaction.checks;
  BOOST_TEST(checks.size() == 4U);
  BOOST_TEST((checks[0].condition.kind == Condition::Kind::revision_in));
  BOOST_TEST((checks[0].condition.revisions == std::vector{Revision{7}}));
  BOOST_TEST((checks[1].condition.kind == Condition::Kind::absent));
  BOOST_TEST((checks[2].condition.kind == Condition::Kind::absent));
  BOOST_TEST((checks[3].condition.kind == Condition::Kind::value_is));
  BOOST_TEST(checks[3].condition.value == "\xFF");
  BOOST_TEST(transaction.then.size() == 2U);
  const auto& set = transaction.then[0];
  BOOST_TEST((set.kind == Transaction::Step::Kind::set));
  BOOST_TEST((set.ttl == std::chrono::hours(1)));
  BOOST_TEST(set.record->key() == "a");
  BOOST_TEST(set.record->value() == "v");
  BOOST_TEST(set.record->content_type() == "text/css");
  BOOST_TEST((transaction.then[1].kind == Transaction::Step::Kind::remove));
  BOOST_TEST((transaction.otherwise[0].kind == Transaction::Step::Kind::get));
  BOOST_TEST(transaction.otherwise[0].record->key() == "\xFF");
}

BOOST_AUTO_TEST_CASE(keys_values_types_and_expected_values_count_against_the_limit) {
  std::string body =
      R"({"if":[{"key":"12","value":"34"}],"then":[{"op":"set","key":"5","value":"678","content_type":"90"}]})";
  BOOST_TEST(parse_transaction(body, 10).has_value());
  BOOST_TEST(to_string(parse_transaction(body, 9).error().code) == "request_too_large");
}

BOOST_AUTO_TEST_CASE(the_largest_transaction_fits_into_the_largest_body_however_it_is_written) {
  std::string body = "{\"if\":[";
  for (std::size_t i = 0; i < 1024; ++i) {
    body += (i == 0 ? "" : ",") + std::string("{\"key_base64\":\"AA==\",\"revision\":9007199254740991}");
  }
  body += "],\"then\":[";
  for (std::size_t i = 0; i < 1024; ++i) {
    std::string number = std::to_string(i);
    body += (i == 0 ? "" : ",") + std::string("{\"op\":\"set\",\"key\":\"") + std::string(4 - number.size(), '0') +
            number + "\",\"value\":\"\",\"ttl\":\"3000d23h59m59s999ms\",\"content_type\":\"\"}";
  }
  body += "]}";
  std::size_t bytes = 1024 * (1 + 4);
  BOOST_TEST(parse_transaction(body, bytes).has_value());
  BOOST_TEST(body.size() <= max_transaction_body(bytes));
}

BOOST_AUTO_TEST_SUITE_END()
