#include "kvs/cmd/options.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "kvs/cmd/help.hpp"
#include "kvs/cmd/manual.hpp"
#include "kvs/cmd/roff.hpp"

namespace kvs {

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(names_and_letters_stand_in_the_table_once) {
  std::set<std::string_view> names;
  std::set<char> letters;
  for (const Option& option : all_options()) {
    BOOST_TEST(names.insert(option.name).second, option.name);
    if (option.letter != 0) BOOST_TEST(letters.insert(option.letter).second, option.name);
  }
}

BOOST_AUTO_TEST_CASE(every_default_is_a_value_its_option_takes) {
  for (const Option& option : all_options())
    if (!option.fallback.empty()) BOOST_TEST(complaint(option, option.fallback) == "", option.name);
}

BOOST_AUTO_TEST_CASE(only_flags_of_every_command_and_of_serve_reach_beyond_the_command_line) {
  for (const Option& option : all_options()) {
    bool of_all_or_serve = global(option) || goes_with(option, Verb::serve);
    BOOST_TEST((option.reach == Reach::flag || of_all_or_serve), option.name);
  }
}

BOOST_AUTO_TEST_CASE(a_toggle_names_no_value_and_everything_else_does) {
  for (const Option& option : all_options())
    BOOST_TEST((option.kind == Kind::toggle) == option.value.empty(), option.name);
}

BOOST_AUTO_TEST_CASE(an_alias_finds_its_command) {
  BOOST_TEST((find_command("put") == find_command("set")));
  BOOST_TEST((find_command("rm") == find_command("delete")));
  BOOST_TEST((find_command("del") == find_command("delete")));
  BOOST_TEST((find_command("del rm") == nullptr));
  BOOST_TEST((find_command("") == nullptr));
}

BOOST_AUTO_TEST_CASE(a_command_of_two_words_belongs_to_a_group) {
  BOOST_TEST((find_command("topic create")->verb == Verb::topic_create));
  BOOST_TEST(is_command_group("topic"));
  BOOST_TEST(is_command_group("snapshot"));
  BOOST_TEST(!is_command_group("topic create"));
  BOOST_TEST(!is_command_group("top"));
  BOOST_TEST(!is_command_group("serve"));
  BOOST_TEST(!is_command_group(""));
  BOOST_TEST((find_command("topic") == nullptr));
}

BOOST_AUTO_TEST_CASE(the_doctor_takes_every_setting_of_serve) {
  for (const Option& option : all_options())
    if (goes_with(option, Verb::serve) && option.reach == Reach::everywhere)
      BOOST_TEST(goes_with(option, Verb::doctor), option.name);
}

BOOST_AUTO_TEST_CASE(the_help_of_a_group_lists_its_commands) {
  BOOST_TEST(help_group("topic").find("  topic trim ") != std::string::npos);
  BOOST_TEST(help_group("topic").find("snapshot") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_variable_is_the_name_in_capitals) {
  BOOST_TEST(environment_name(*find_option("data-dir")) == "KVS_DATA_DIR");
}

BOOST_AUTO_TEST_CASE(values_are_checked_by_kind) {
  BOOST_TEST(complaint(*find_option("timeout"), "5s") == "");
  BOOST_TEST(complaint(*find_option("timeout"), "5") != "");
  BOOST_TEST(complaint(*find_option("threads"), "256") == "");
  BOOST_TEST(complaint(*find_option("threads"), "257") != "");
  BOOST_TEST(complaint(*find_option("history-bytes"), "64KiB") == "");
  BOOST_TEST(complaint(*find_option("history-bytes"), "64kb") != "");
  BOOST_TEST(complaint(*find_option("since"), "42@00d1c7f29a4be310") == "");
  BOOST_TEST(complaint(*find_option("since"), "-1") != "");
  BOOST_TEST(complaint(*find_option("fsync"), "500ms") == "");
  BOOST_TEST(complaint(*find_option("fsync"), "alwys") ==
             "'alwys' is none of always|INTERVAL|never (500ms, 30s, 1h30m): did you mean always?");
  BOOST_TEST(complaint(*find_option("fsync"), "500") == "'500' is no duration (500ms, 30s, 1h30m): did you mean 500s?");
  BOOST_TEST(complaint(*find_option("ops"), "set,expire") == "");
  BOOST_TEST(complaint(*find_option("ops"), "set,") == "'' is none of set|delete|expire");
  BOOST_TEST(complaint(*find_option("ops"), "delet,set") ==
             "'delet' is none of set|delete|expire: did you mean delete?");
  BOOST_TEST(complaint(*find_option("ttl"), "30") == "'30' is no duration (500ms, 30s, 1h30m): did you mean 30s?");
  BOOST_TEST(complaint(*find_option("timeout"), "5x") == "'5x' is no duration (500ms, 30s, 1h30m)");
}

BOOST_AUTO_TEST_CASE(help_names_every_flag_of_the_command_and_none_of_the_others) {
  for (const CommandRow& row : all_commands()) {
    std::string text = help(row);
    for (const Option& option : all_options()) {
      bool there = text.find("--" + std::string(option.name)) != std::string::npos;
      bool referred = (row.verb == Verb::doctor || row.verb == Verb::config_show) && goes_with(option, Verb::serve);
      if (goes_with(option, row.verb) && !referred) BOOST_TEST(there, row.name << " " << option.name);
    }
  }
  BOOST_TEST(help(command_row(Verb::get)).find("--if-absent") == std::string::npos);
  BOOST_TEST(help(command_row(Verb::doctor)).find("every flag of serve") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(help_fits_a_hundred_columns) {
  for (const CommandRow& row : all_commands()) {
    std::string text = help(row);
    for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      BOOST_TEST(end - begin <= 104U, text.substr(begin, end - begin));
  }
}

BOOST_AUTO_TEST_CASE(what_is_for_programs_of_ours_is_not_shown) {
  BOOST_TEST((find_command("__complete") != nullptr));
  BOOST_TEST(help().find("__") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_man_page_takes_no_text_for_a_request) {
  BOOST_TEST(roff_text("--a\n.b 'c' \\d") == "\\-\\-a\n\\&.b \\(aqc\\(aq \\ed");
  for (const ManualPage& page : manual_pages()) BOOST_TEST(page.roff.starts_with(".TH \"KVS"), page.name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
