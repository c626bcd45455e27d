#include "kvs/cmd/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "kvs/cmd/item.hpp"
#include "kvs/cmd/listing.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/watch_feed.hpp"
#include "test/unit/cmd/settings_fixture.hpp"

namespace kvs {

using test::failure_of;
using test::settings;

namespace {

constexpr const char* city =
    R"({"key":"City","value":"Pune","revision":7,"created_revision":3,"version":2,"modified":"2026-11-22T06:12:16.016Z"})";
constexpr const char* binary = R"({"key":"b","value_base64":"/wA=","revision":8})";

// A pipe whose other end the test reads.
class Pipe {
 public:
  Pipe() { BOOST_REQUIRE(pipe2(ends_, O_NONBLOCK | O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int writer() const { return ends_[1]; }
  void close_reader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }
  std::string read() const {
    char buffer[65536];
    ssize_t count = ::read(ends_[0], buffer, sizeof buffer);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
  }

 private:
  int ends_[2] = {-1, -1};
};

std::string listed(const std::vector<std::string>& flags, bool terminal, const std::vector<std::string>& records) {
  std::vector<std::string> words{"get"};
  words.insert(words.end(), flags.begin(), flags.end());
  Pipe pipe;
  Output output(settings(words, {{"COLUMNS", "60"}, {"NO_COLOR", "1"}}), pipe.writer(), terminal);
  Listing listing(output);
  for (const std::string& record : records) listing.add(parse_item(record));
  listing.finish();
  return pipe.read();
}

// What `kvs watch` prints for messages, and whether it wants more.
struct Watched {
  std::string text;
  bool more = true;
  std::string target;
};

Watched watched(const std::vector<std::string>& flags, bool terminal, const std::vector<std::string>& messages) {
  std::vector<std::string> words{"watch"};
  words.insert(words.end(), flags.begin(), flags.end());
  Settings all = settings(words);
  Pipe pipe;
  Output output(all, pipe.writer(), terminal);
  WatchFeed feed(all, output);
  ClientAnswer answer{.status = 101, .fields = {{"kvs-revision", "5"}, {"kvs-log-id", "00000000000000aa"}}, .body = {}};
  feed.opened(answer);
  Watched result;
  for (const std::string& message : messages) result.more = feed.take(message);
  result.text = pipe.read();
  result.target = feed.target();
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(output)

BOOST_AUTO_TEST_CASE(the_form_follows_flag_then_terminal_or_pipe) {
  BOOST_TEST((Output(settings({"get"}), 1, true).form() == Form::human));
  BOOST_TEST((Output(settings({"get"}), 1, false).form() == Form::machine));
  BOOST_TEST((Output(settings({"get", "-o", "raw"}), 1, true).form() == Form::raw));
  BOOST_TEST((Output(settings({"get", "--json"}), 1, true).form() == Form::ndjson));
}

BOOST_AUTO_TEST_CASE(colours_are_for_terminals_unless_somebody_says_otherwise) {
  BOOST_TEST(Output(settings({"get"}), 1, true).color());
  BOOST_TEST(!Output(settings({"get"}), 1, false).color());
  BOOST_TEST(Output(settings({"get", "--color", "always"}), 1, false).color());
  BOOST_TEST(!Output(settings({"get", "--color", "never"}), 1, true).color());
  BOOST_TEST(!Output(settings({"get"}, {{"NO_COLOR", "1"}}), 1, true).color());
  BOOST_TEST(!Output(settings({"get"}, {{"TERM", "dumb"}}), 1, true).color());
}

BOOST_AUTO_TEST_CASE(a_reader_that_left_is_told_from_an_error) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  Output output(settings({"get"}), pipe.writer(), false);
  pipe.close_reader();
  output.write("x");
  BOOST_CHECK_THROW(output.flush(), OutputClosed);
}

BOOST_AUTO_TEST_CASE(json_is_indented_on_a_terminal_and_compact_on_a_pipe) {
  Pipe pipe;
  Output terminal(settings({"status", "-o", "json"}), pipe.writer(), true);
  terminal.write_json("{\"a\":1}\n");
  terminal.flush();
  BOOST_TEST(pipe.read() == "{\n  \"a\": 1\n}\n");
  Output other(settings({"status"}), pipe.writer(), false);
  other.write_json("{\"a\":1}\n");
  other.flush();
  BOOST_TEST(pipe.read() == "{\"a\":1}\n");
}

BOOST_AUTO_TEST_CASE(json_moves_no_cursor_on_a_terminal_and_stays_as_it_is_on_a_pipe) {
  const std::string record = "{\"key\":\"k\",\"value\":\"\u009B2J\x7F\",\"revision\":1}";
  const std::string shown = R"({"key":"k","value":"\u009b2J\u007f","revision":1})"
                            "\n";
  BOOST_TEST(listed({"-o", "ndjson"}, true, {record}) == shown);
  BOOST_TEST(listed({"-o", "ndjson"}, false, {record}) == record + "\n");
  Pipe pipe;
  Output terminal(settings({"get", "--json"}), pipe.writer(), true);
  terminal.write_json(record);
  terminal.flush();
  BOOST_TEST(pipe.read() == shown);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(listing)

BOOST_AUTO_TEST_CASE(several_records_are_a_table_on_a_terminal) {
  BOOST_TEST(listed({}, true, {city, binary}) ==
             "KEY   REVISION  VALUE\nCity  7         Pune\nb     8         <2 bytes, no text>\n");
}

BOOST_AUTO_TEST_CASE(several_records_are_a_line_each_on_a_pipe) {
  BOOST_TEST(listed({}, false, {city, binary}) == std::string(city) + "\n" + binary + "\n");
}

BOOST_AUTO_TEST_CASE(as_json_they_are_one_object) {
  BOOST_TEST(listed({"-o", "json"}, false, {city}) == "{\"City\":\"Pune\"}\n");
  BOOST_TEST(listed({"-o", "json"}, false, {}) == "{}\n");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_cannot_be_such_an_object) {
  BOOST_TEST(failure_of([] {
               listed({"-o", "json"}, false, {binary});
             }).ends_with("| use -o ndjson: there such bytes are base64"));
}

BOOST_AUTO_TEST_CASE(raw_is_the_values) {
  BOOST_TEST(listed({"-o", "raw"}, true, {city, binary}) == std::string("Pune\n\xff\0\n", 8));
}

BOOST_AUTO_TEST_CASE(an_event_of_an_initial_state_becomes_a_record) {
  std::string message = R"([{"op":"set","key":"a","value":"1","revision":2,"version":1,"initial":true}])";
  BOOST_TEST(parse_items(message, Shape::record).front().json == R"({"key":"a","value":"1","revision":2,"version":1})");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_no_record_is_bad_data) {
  BOOST_TEST(failure_of([] { parse_item("[]"); }) ==
             "the server's answer makes no sense: no object where a record should be");
  BOOST_CHECK_THROW(parse_item("{"), Failure);
  BOOST_CHECK_THROW(parse_items("{}"), Failure);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(watch_feed)

BOOST_AUTO_TEST_CASE(events_go_out_as_lines_of_json_on_a_pipe_without_progress) {
  Watched result = watched({}, false,
                           {R"([{"op":"synced","revision":5}])", R"([{"op":"set","key":"a","value":"1","revision":6}])",
                            R"([{"op":"progress","revision":6}])"});
  BOOST_TEST(result.text ==
             "{\"op\":\"synced\",\"revision\":5}\n{\"op\":\"set\",\"key\":\"a\",\"value\":\"1\",\"revision\":6}\n");
  BOOST_TEST(result.more);
}

BOOST_AUTO_TEST_CASE(events_are_a_line_for_people_on_a_terminal) {
  Watched result =
      watched({"--color", "never"}, true,
              {R"([{"op":"synced","revision":5}])",
               R"([{"op":"set","key":"a","value":"1\u001b","revision":6},{"op":"delete","key":"a","revision":7}])"});
  BOOST_TEST(result.text == "6  set     a  1\\x1b\n7  delete  a\n");
}

BOOST_AUTO_TEST_CASE(it_goes_on_after_the_last_whole_revision_with_the_name_of_its_history) {
  BOOST_TEST(watched({}, false, {}).target == "/v1/watch?since=5%4000000000000000aa&progress=30s");
  BOOST_TEST(watched({"k", "--prefix", "p/"}, false, {R"([{"op":"set","key":"k","value":"","revision":9}])"}).target ==
             "/v1/watch?key=k&prefix=p%2F&since=9%4000000000000000aa&progress=30s");
  BOOST_TEST(watched({}, false, {R"([{"op":"progress","revision":12}])"}).target ==
             "/v1/watch?since=12%4000000000000000aa&progress=30s");
}

BOOST_AUTO_TEST_CASE(half_an_initial_state_is_no_place_to_go_on_from) {
  std::string half = R"([{"op":"set","key":"a","value":"1","revision":3,"initial":true}])";
  BOOST_TEST(watched({"--initial"}, false, {half}).target == "/v1/watch?initial=1&progress=30s");
  BOOST_TEST(watched({"--initial"}, false, {half, R"([{"op":"synced","revision":5}])"}).target ==
             "/v1/watch?since=5%4000000000000000aa&progress=30s");
}

BOOST_AUTO_TEST_CASE(a_reset_is_followed_by_everything) {
  BOOST_TEST(watched({"--since", "1"}, false, {R"([{"op":"reset","revision":50,"oldest_revision":40}])"}).target ==
             "/v1/watch?initial=1&progress=30s");
}

BOOST_AUTO_TEST_CASE(a_count_ends_with_the_revision_that_reaches_it) {
  std::string one =
      R"([{"op":"set","key":"a","value":"1","revision":6,"more":true},{"op":"set","key":"b","value":"1","revision":6},)"
      R"({"op":"set","key":"c","value":"1","revision":7}])";
  Watched result = watched({"--count", "1", "-o", "raw"}, false, {one});
  BOOST_TEST(!result.more);
  BOOST_TEST(result.text == "1\n1\n");
}

BOOST_AUTO_TEST_CASE(an_initial_state_is_no_change_that_counts) {
  BOOST_TEST(watched({"--initial", "--count", "1"}, false,
                     {R"([{"op":"set","key":"a","value":"1","revision":3,"initial":true}])"})
                 .more);
}

BOOST_AUTO_TEST_CASE(contradictions_are_usage_errors) {
  BOOST_TEST(failure_of([] { watched({"--since", "1", "--initial"}, false, {}); }) ==
             "give --since or --initial, not both");
  BOOST_TEST(failure_of([] { watched({"--count", "0"}, false, {}); }) == "--count: at least 1");
  BOOST_TEST(failure_of([] { watched({""}, false, {}); }) == "a key has at least one byte");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(remote)

BOOST_AUTO_TEST_CASE(every_status_has_its_exit_code) {
  BOOST_TEST(exit_code_for(400, "bad_parameter") == 2);
  BOOST_TEST(exit_code_for(404, "no_such_key") == 3);
  BOOST_TEST(exit_code_for(404, "no_such_route") == 1);
  for (int status : {409, 412, 422}) BOOST_TEST(exit_code_for(status, "") == 4);
  BOOST_TEST(exit_code_for(503, "starting") == 5);
  BOOST_TEST(exit_code_for(429, "too_many_requests") == 5);
  BOOST_TEST(exit_code_for(410, "compacted") == 6);
  for (int status : {401, 403, 421}) BOOST_TEST(exit_code_for(status, "") == 7);
  BOOST_TEST(exit_code_for(504, "outcome_unknown") == 124);
  for (int status : {413, 500, 507}) BOOST_TEST(exit_code_for(status, "") == 1);
}

BOOST_AUTO_TEST_CASE(a_failure_speaks_the_servers_words) {
  ClientAnswer problem{.status = 507, .fields = {}, .body = R"({"code":"out_of_space","detail":"the disk is full"})"};
  BOOST_TEST(std::string(failure_from(problem).what()) == "the disk is full");
  ClientAnswer text{.status = 500, .fields = {}, .body = "oops\nmore\n"};
  BOOST_TEST(std::string(failure_from(text).what()) == "oops");
  ClientAnswer empty{.status = 500, .fields = {}, .body = {}};
  BOOST_TEST(std::string(failure_from(empty).what()) == "the server answered 500");
}

BOOST_AUTO_TEST_CASE(keys_and_parameters_are_encoded) {
  BOOST_TEST(key_target("a/../b ü%+") == "/v1/kv/a/../b%20%C3%BC%25%2B");
  std::string target = "/v1/watch";
  add_parameter(target, "key", "a&b=c");
  add_parameter(target, "prefix", "+");
  BOOST_TEST(target == "/v1/watch?key=a%26b%3Dc&prefix=%2B");
  BOOST_CHECK_THROW(key_target(""), UsageError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace kvs
