#include "kvs/cmd/exec_environment.hpp"

#include <boost/test/unit_test.hpp>

namespace kvs {

BOOST_AUTO_TEST_SUITE(exec_environment)

BOOST_AUTO_TEST_CASE(a_key_becomes_a_name_that_a_shell_takes) {
  BOOST_TEST(variable_name("app/db-host", {}) == "app_db_host");
  BOOST_TEST(variable_name("app/db-host", {{"app/"}, true, true}) == "DB_HOST");
  BOOST_TEST(variable_name("app/1st", {{"app/"}, true, false}) == "_1st");
  BOOST_TEST(variable_name("app/x/y", {{"app/", "app/x/"}, true, false}) == "y");
  BOOST_TEST(variable_name("app/", {{"app/"}, true, false}) == "");
}

BOOST_AUTO_TEST_CASE(keys_stand_over_what_is_there_and_what_does_not_fit_is_noted) {
  std::vector<std::string> notes;
  std::map<std::string, std::string> keys{{"HOME", "/x"}, {"a-b", "1"}, {"a.b", "2"}, {"nul", std::string(1, '\0')}};
  keys["long"] = std::string(128 * 1024 - 6, 'x');
  keys["longer"] = std::string(128 * 1024, 'x');
  Variables got = environment_with({{"HOME", "/root"}, {"PATH", "/bin"}}, keys, {}, notes);
  BOOST_TEST(got["HOME"] == "/x");
  BOOST_TEST(got["PATH"] == "/bin");
  BOOST_TEST(got["a_b"] == "1");
  BOOST_TEST(got.contains("long"));
  std::vector<std::string> said{"left out a.b: a_b is a-b already", "left out longer: its value is over 128 KiB",
                                "left out nul: its value holds a NUL"};
  BOOST_TEST(notes == said, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
