// What `kvs watch` prints of events that are no changes.
#include "kvs/cmd/watch_feed.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <iostream>
#include <sstream>

#include "settings_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::string_view stale = R"([{"op":"stale","time":"2026-11-22T06:12:16.016Z"}])";
constexpr std::string_view fresh = R"([{"op":"fresh"}])";

// Standard output is a pipe of the test's own, standard error a string.
class Fixture {
 public:
  explicit Fixture(bool terminal, std::vector<std::string> words = {"watch"})
      : settings_(settings(words)), before_(std::cerr.rdbuf(errors_.rdbuf())) {
    BOOST_TEST_REQUIRE(::pipe(pipe_) == 0);
    output_.emplace(settings_, pipe_[1], terminal);
    feed_.emplace(settings_, *output_);
  }
  ~Fixture() {
    std::cerr.rdbuf(before_);
    ::close(pipe_[0]);
    if (pipe_[1] >= 0) ::close(pipe_[1]);
  }

  Fixture& take(std::string_view message) {
    BOOST_TEST(feed_->take(message));
    return *this;
  }
  // All that was printed; once.
  std::string printed() {
    ::close(std::exchange(pipe_[1], -1));
    char room[4096];
    auto count = ::read(pipe_[0], room, sizeof room);
    return {room, static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  std::string errors() { return errors_.str(); }
  WatchFeed& feed() { return *feed_; }

 private:
  Settings settings_;
  std::ostringstream errors_;
  std::streambuf* before_;
  int pipe_[2]{-1, -1};
  std::optional<Output> output_;
  std::optional<WatchFeed> feed_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(watch_notices)

BOOST_AUTO_TEST_CASE(on_a_pipe_a_lost_bus_and_its_return_are_lines_like_others) {
  Fixture f(false);
  f.take(stale).take(fresh);
  BOOST_TEST(f.printed() == "{\"op\":\"stale\",\"time\":\"2026-11-22T06:12:16.016Z\"}\n{\"op\":\"fresh\"}\n");
  BOOST_TEST(f.errors() == "");
}

BOOST_AUTO_TEST_CASE(on_a_terminal_each_is_one_line_on_stderr) {
  Fixture f(true);
  f.take(stale);
  BOOST_TEST(f.errors() ==
             "kvs: the server has lost its bus (2026-11-22T06:12:16.016Z): changes come when it is back\n");
  f.take(fresh);
  BOOST_TEST(f.errors().ends_with("back\nkvs: the server has its bus again\n"));
  BOOST_TEST(f.printed() == "");
}

BOOST_AUTO_TEST_CASE(nothing_is_said_if_quiet_or_if_only_values_are_wanted) {
  for (std::vector<std::string> words : {std::vector<std::string>{"watch", "--quiet"}, {"watch", "-o", "raw"}}) {
    Fixture f(true, words);
    f.take(stale).take(fresh);
    BOOST_TEST(f.errors() == "");
    BOOST_TEST(f.printed() == "");
  }
}

BOOST_AUTO_TEST_CASE(they_are_no_place_to_go_on_from) {
  Fixture f(false);
  f.take(R"([{"op":"set","key":"a","value":"1","revision":7}])").take(stale).take(fresh);
  BOOST_TEST(f.feed().place() == "from revision 7");
}

BOOST_AUTO_TEST_CASE(the_servers_last_word_is_a_place_to_go_on_from) {
  Fixture f(false);
  f.take(R"([{"op":"set","key":"a","value":"1","revision":7}])");
  f.feed().ended("draining since=42@00000000000000aa");
  BOOST_TEST(f.feed().place() == "from revision 42@00000000000000aa");
  for (const char* word : {"", "going down", "draining since=", "draining since=x", "the connection broke"})
    f.feed().ended(word);
  BOOST_TEST(f.feed().place() == "from revision 42@00000000000000aa");
}

BOOST_AUTO_TEST_CASE(in_the_middle_of_a_state_or_a_revision_it_is_none) {
  Fixture state(false, {"watch", "--initial"});
  state.take(R"([{"op":"set","key":"a","value":"1","revision":7,"initial":true}])");
  state.feed().ended("draining since=42");
  BOOST_TEST(state.feed().place() == "");
  Fixture revision(false, {"watch", "--since", "5"});
  revision.take(R"([{"op":"set","key":"a","value":"1","revision":7,"more":true}])");
  revision.feed().ended("draining since=42");
  BOOST_TEST(revision.feed().place() == "from revision 5");
}

BOOST_AUTO_TEST_SUITE_END()
