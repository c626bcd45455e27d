#include "kvs/cmd/settings.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kvs/cmd/config_file.hpp"
#include "kvs/cmd/context.hpp"
#include "test/unit/cmd/settings_fixture.hpp"
#include "test/unit/store/temporary_directory.hpp"

namespace kvs {

using test::failure_of;
using test::settings;

namespace {

// A file that is gone with the test.
class File {
 public:
  explicit File(const std::string& text) {
    std::string pattern = (std::filesystem::temp_directory_path() / "kvs-settings-XXXXXX").string();
    int descriptor = mkstemp(pattern.data());
    BOOST_REQUIRE(descriptor >= 0);
    close(descriptor);
    path_ = pattern;
    std::ofstream(path_) << text;
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return path_; }

 private:
  std::string path_;
};

std::string read(const std::string& text) {
  std::istringstream input(text);
  std::string all;
  for (const ConfigEntry& entry : read_config(input, "kvs.conf"))
    all += std::string(entry.option->name) + "=" + entry.value + ";";
  return all;
}

std::string wrong(const std::string& text) {
  return failure_of([&] { read(text); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(config_file)

BOOST_AUTO_TEST_CASE(lines_comments_and_sections_are_read) {
  BOOST_TEST(read("# a comment\n\n listen = 127.0.0.1:1 \nephemeral # bare\n[kafka]\ntopic = t#1\n[ log "
                  "]\r\nlevel=debug\r\n") == "listen=127.0.0.1:1;ephemeral=true;kafka-topic=t#1;log-level=debug;");
}

BOOST_AUTO_TEST_CASE(an_empty_section_ends_a_section) {
  BOOST_TEST(read("[kafka]\n[]\nbus = local\n") == "bus=local;");
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_newline) { BOOST_TEST(read("threads = 2") == "threads=2;"); }

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error_with_line_and_suggestion) {
  BOOST_TEST(wrong("bus = local\nlisen = x\n") == "kvs.conf:2: no such setting: 'lisen' | did you mean listen?");
}

BOOST_AUTO_TEST_CASE(a_flag_of_one_command_is_no_setting) {
  BOOST_TEST(wrong("prefix = x\n") == "kvs.conf:1: 'prefix' is a flag of the command line, not a setting");
  BOOST_TEST(wrong("config = x\n") == "kvs.conf:1: 'config' is a flag of the command line, not a setting");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_is_an_error_with_its_line) {
  BOOST_TEST(wrong("\nthreads = many") == "kvs.conf:2: threads: 'many' is no number from 0 to 256");
}

BOOST_AUTO_TEST_CASE(a_name_given_twice_is_an_error_unless_it_is_repeatable) {
  BOOST_TEST(wrong("threads = 1\nthreads = 2") == "kvs.conf:2: threads stands in kvs.conf:1 already");
  BOOST_TEST(read("listen = a:1\nlisten = b:1") == "listen=a:1;listen=b:1;");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_no_toggle_needs_a_value) {
  BOOST_TEST(wrong("threads") == "kvs.conf:1: threads needs a value: threads = ...");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_an_error) {
  BOOST_TEST(failure_of([] { read_config_file("/nonexistent/kvs.conf"); }) ==
             "cannot read /nonexistent/kvs.conf: No such file or directory");
  BOOST_TEST(failure_of([] { read_config_file("/"); }) == "cannot read /: it is a directory");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(settings_)

BOOST_AUTO_TEST_CASE(a_flag_beats_the_environment_beats_the_file_beats_the_default) {
  File file("log-level = debug\nthreads = 3\n");
  test::Variables variables{{"KVS_LOG_LEVEL", "error"}, {"KVS_CONFIG", file.path()}};
  Settings all = settings({"serve", "--log-level", "warning"}, variables);
  BOOST_TEST(all.text("log-level") == "warning");
  BOOST_TEST((all.source("log-level") == Source::flag));
  Settings two = settings({"serve"}, variables);
  BOOST_TEST(two.text("log-level") == "error");
  BOOST_TEST((two.source("log-level") == Source::environment));
  BOOST_TEST(two.number("threads") == 3U);
  BOOST_TEST((two.source("threads") == Source::file));
  BOOST_TEST(two.text("log-format") == "auto");
  BOOST_TEST(!two.given("log-format"));
}

BOOST_AUTO_TEST_CASE(the_file_named_by_flag_beats_the_one_of_the_environment) {
  File one("threads = 1\n");
  File two("threads = 2\n");
  BOOST_TEST(settings({"serve", "--config", two.path()}, {{"KVS_CONFIG", one.path()}}).number("threads") == 2U);
}

BOOST_AUTO_TEST_CASE(a_list_comes_from_one_source_only) {
  File file("listen = 127.0.0.1:1\nlisten = 127.0.0.1:2\n");
  BOOST_TEST(settings({"serve", "--config", file.path()}).list("listen").size() == 2U);
  BOOST_TEST(settings({"serve", "--config", file.path(), "--listen", "127.0.0.1:3"}).list("listen").size() == 1U);
  BOOST_TEST(settings({"serve"}, {{"KVS_LISTEN", "127.0.0.1:1,[::1]:2"}}).list("listen").size() == 2U);
  BOOST_TEST(settings({"serve"}).list("listen").front() == "127.0.0.1:23333");
}

BOOST_AUTO_TEST_CASE(a_context_is_not_filled_up_from_the_file) {
  test::TemporaryDirectory home;
  std::filesystem::create_directories(home.path().string() + "/kvs/contexts");
  std::ofstream(home.path().string() + "/kvs/contexts/dev.json") << R"({"server": "http://dev:1"})";
  File file("server = https://prod:1\ntoken-file = prod.token\nlog-level = debug\n");
  test::Variables variables{{"XDG_CONFIG_HOME", home.path().string()}, {"KVS_CONFIG", file.path()}};
  BOOST_TEST(settings({"get"}, variables).text("token-file") == "prod.token");
  Settings dev = settings({"get", "--context", "dev"}, variables);
  BOOST_TEST(dev.text("server") == "http://dev:1");
  BOOST_TEST(!dev.given("token-file"));
}

BOOST_AUTO_TEST_CASE(without_a_home_there_are_no_contexts) {
  const std::string nowhere = "there is no place for contexts: neither XDG_CONFIG_HOME nor HOME is set";
  BOOST_TEST(failure_of([] { settings({"get", "--context", "dev"}); }) == nowhere);
  BOOST_TEST(Contexts({}).names().empty());
  BOOST_TEST(failure_of([] { Contexts({}).remove("dev"); }) == nowhere);
}

BOOST_AUTO_TEST_CASE(a_context_that_cannot_be_read_is_not_called_unknown) {
  test::TemporaryDirectory home;
  std::filesystem::create_directories(home.path().string() + "/kvs/contexts");
  std::filesystem::create_symlink("loop.json", home.path().string() + "/kvs/contexts/loop.json");
  const std::string path = home.path().string() + "/kvs/contexts/loop.json";
  BOOST_TEST(failure_of([&] { settings({"get", "--context", "loop"}, {{"XDG_CONFIG_HOME", home.path().string()}}); }) ==
             "cannot read " + path + ": Too many levels of symbolic links");
}

BOOST_AUTO_TEST_CASE(flags_of_one_command_never_come_from_the_environment) {
  BOOST_TEST(!settings({"get"}, {{"KVS_PREFIX", "x"}, {"KVS_ALL", "1"}}).given("prefix"));
}

BOOST_AUTO_TEST_CASE(variables_of_serve_do_not_disturb_other_commands) {
  BOOST_TEST(!settings({"get"}, {{"KVS_THREADS", "many"}}).given("threads"));
}

BOOST_AUTO_TEST_CASE(an_empty_variable_counts_as_none) {
  BOOST_TEST(settings({"get"}, {{"KVS_SERVER", ""}}).text("server") == "http://127.0.0.1:23333");
}

BOOST_AUTO_TEST_CASE(a_credential_is_what_nothing_else_says) {
  auto directory = std::filesystem::temp_directory_path() / ("kvs-credentials-of-" + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  for (const char* name : {"token-file", "tls-key", "server"}) std::ofstream(directory / name) << "x";
  test::Variables unit{{"CREDENTIALS_DIRECTORY", directory.string()}};
  Settings client = settings({"watch"}, unit);
  BOOST_TEST(client.text("token-file") == (directory / "token-file").string());
  BOOST_TEST((client.source("token-file") == Source::credential));
  BOOST_TEST(client.place("token-file") == "CREDENTIALS_DIRECTORY");
  BOOST_TEST(!client.given("key-file"));
  BOOST_TEST(!client.given("server"));   // is no secret
  BOOST_TEST(!client.given("tls-key"));  // is nothing to this command
  BOOST_TEST(settings({"serve"}, unit).text("tls-key") == (directory / "tls-key").string());
  BOOST_TEST(settings({"watch", "--token-file", "mine"}, unit).text("token-file") == "mine");
  File file("token-file = filed\n");
  unit["KVS_CONFIG"] = file.path();
  BOOST_TEST(settings({"watch"}, unit).text("token-file") == "filed");
  std::filesystem::remove_all(directory);
}

BOOST_AUTO_TEST_CASE(a_wrong_variable_is_named) {
  BOOST_TEST(failure_of([] { settings({"serve"}, {{"KVS_THREADS", "many"}}); }) ==
             "KVS_THREADS: 'many' is no number from 0 to 256");
}

BOOST_AUTO_TEST_CASE(a_complaint_names_where_the_value_came_from) {
  File file("\nlisten = nowhere\n");
  BOOST_TEST(std::string(settings({"serve", "--config", file.path()}).wrong("listen", "no").what()) ==
             file.path() + ":2: listen: no");
  BOOST_TEST(std::string(settings({"serve"}, {{"KVS_LISTEN", "x"}}).wrong("listen", "no").what()) == "KVS_LISTEN: no");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
