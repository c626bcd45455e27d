#include "kvs/cmd/command_line.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/cmd/settings_fixture.hpp"

namespace kvs {

using test::failure_of;

namespace {

std::string flag(const CommandLine& line, const std::string& name) {
  auto found = line.flags.find(name);
  return found == line.flags.end() ? "(not given)" : found->second.back();
}

std::string wrong(const std::vector<std::string>& words) {
  return failure_of([&] { parse_command_line(words); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(flags_stand_before_and_after_the_command) {
  CommandLine line = parse_command_line({"--server", "a:1", "get", "City", "--timeout=3s", "Name"});
  BOOST_TEST(line.command->name == "get");
  BOOST_TEST(line.arguments == (std::vector<std::string>{"City", "Name"}), boost::test_tools::per_element());
  BOOST_TEST(flag(line, "server") == "a:1");
  BOOST_TEST(flag(line, "timeout") == "3s");
}

BOOST_AUTO_TEST_CASE(the_original_name_of_server_is_understood) {
  BOOST_TEST(flag(parse_command_line({"--server-address", "a:1", "get"}), "server") == "a:1");
  BOOST_TEST(flag(parse_command_line({"get", "--server-address=a:1"}), "server") == "a:1");
}

BOOST_AUTO_TEST_CASE(a_command_of_two_words_may_have_flags_between_them) {
  CommandLine line = parse_command_line({"snapshot", "-q", "save", "file"});
  BOOST_TEST(line.command->name == "snapshot save");
  BOOST_TEST(line.group == "");
  BOOST_TEST(line.arguments == std::vector<std::string>{"file"}, boost::test_tools::per_element());
  BOOST_TEST(parse_command_line({"topic"}).group == "topic");
  BOOST_TEST((parse_command_line({"topic"}).command == nullptr));
  BOOST_TEST(wrong({"topic", "crate"}) == "no such command: 'topic crate' | did you mean topic create?");
}

BOOST_AUTO_TEST_CASE(a_value_may_begin_with_a_dash) {
  CommandLine line = parse_command_line({"set", "-k", "Dash", "-v", "-x"});
  BOOST_TEST(flag(line, "value") == "-x");
  BOOST_TEST(flag(parse_command_line({"set", "-k", "a", "-v", "--key"}), "value") == "--key");
  BOOST_TEST(flag(parse_command_line({"set", "-k", "a", "--value", "--"}), "value") == "--");
}

BOOST_AUTO_TEST_CASE(a_value_may_be_empty) {
  BOOST_TEST(flag(parse_command_line({"set", "-k", "a", "-v", ""}), "value") == "");
  BOOST_TEST(flag(parse_command_line({"set", "-k", "a", "--value="}), "value") == "");
}

BOOST_AUTO_TEST_CASE(a_value_may_hold_an_equals_sign) {
  BOOST_TEST(flag(parse_command_line({"set", "-k", "a", "--value=b=c"}), "value") == "b=c");
}

BOOST_AUTO_TEST_CASE(a_letter_takes_its_value_from_the_same_word) {
  BOOST_TEST(flag(parse_command_line({"get", "-kCity"}), "key") == "City");
  BOOST_TEST(flag(parse_command_line({"get", "-k=City"}), "key") == "City");
}

BOOST_AUTO_TEST_CASE(letters_of_toggles_stand_in_one_word) {
  CommandLine line = parse_command_line({"get", "-aqojson"});
  BOOST_TEST(line.on("all"));
  BOOST_TEST(line.on("quiet"));
  BOOST_TEST(flag(line, "output") == "json");
}

BOOST_AUTO_TEST_CASE(a_toggle_takes_a_boolean_behind_an_equals_sign_only) {
  BOOST_TEST(!parse_command_line({"get", "--all=false"}).on("all"));
  BOOST_TEST(parse_command_line({"get", "--all=1"}).on("all"));
  BOOST_TEST(parse_command_line({"get", "--all", "false"}).arguments.size() == 1U);
  BOOST_TEST(wrong({"get", "--all=maybe"}) == "--all: 'maybe' is none of true, false, 1, 0");
}

BOOST_AUTO_TEST_CASE(two_dashes_end_the_flags) {
  CommandLine line = parse_command_line({"set", "--", "-k", "--value", "--"});
  BOOST_TEST(line.arguments == (std::vector<std::string>{"-k", "--value", "--"}), boost::test_tools::per_element());
  BOOST_TEST(parse_command_line({"get", "--"}).arguments.empty());
}

BOOST_AUTO_TEST_CASE(a_single_dash_is_an_argument) {
  BOOST_TEST(parse_command_line({"set", "a", "-"}).arguments.back() == "-");
}

BOOST_AUTO_TEST_CASE(no_words_are_no_command) { BOOST_TEST((parse_command_line({}).command == nullptr)); }

BOOST_AUTO_TEST_CASE(flags_are_never_abbreviated) {
  BOOST_TEST(wrong({"get", "--serv", "a:1"}) == "unknown flag --serv | did you mean --server?");
}

BOOST_AUTO_TEST_CASE(mistyped_words_get_a_suggestion) {
  BOOST_TEST(wrong({"wacth"}) == "no such command: 'wacth' | did you mean watch?");
  BOOST_TEST(wrong({"frobnicate"}) == "no such command: 'frobnicate' | kvs help lists the commands");
  BOOST_TEST(wrong({"set", "--if-absnet"}) == "unknown flag --if-absnet | did you mean --if-absent?");
  BOOST_TEST(wrong({"get", "--nope"}).starts_with("unknown flag --nope"));
}

BOOST_AUTO_TEST_CASE(a_flag_given_twice_is_an_error_unless_it_is_repeatable) {
  BOOST_TEST(wrong({"set", "--key", "a", "-k", "b"}) == "--key is given twice");
  BOOST_TEST(wrong({"get", "--server", "a:1", "--server-address", "b:1"}) == "--server is given twice");
  CommandLine line = parse_command_line({"serve", "--listen", "127.0.0.1:0", "--listen", "[::1]:0"});
  BOOST_TEST(line.flags.at("listen").size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_flag_of_another_command_is_an_error) {
  BOOST_TEST(wrong({"get", "--if-absent"}) == "kvs get has no flag --if-absent | kvs get --help lists its flags");
  BOOST_TEST(wrong({"--data-dir", "x", "set", "a", "b"}).starts_with("kvs set has no flag --data-dir"));
}

BOOST_AUTO_TEST_CASE(a_flag_without_its_value_is_an_error) {
  BOOST_TEST(wrong({"get", "--key"}) == "--key needs a value (KEY)");
  BOOST_TEST(wrong({"get", "-ak"}) == "--key needs a value (KEY)");
}

BOOST_AUTO_TEST_CASE(an_unknown_letter_is_an_error) {
  BOOST_TEST(wrong({"set", "a", "-5"}) == "unknown flag -5 | a value that begins with a dash goes after --");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
