// Which requests are logged, and how many of them when a server is in trouble.
#include "kvs/net/access_log.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using namespace kvs;
using namespace std::chrono_literals;

namespace {

using Time = std::chrono::steady_clock::time_point;

// Standard error, as long as it lives.
class Captured {
 public:
  Captured() : before_(::dup(STDERR_FILENO)), file_(::memfd_create("captured", MFD_CLOEXEC)) {
    if (before_ < 0 || file_ < 0 || ::dup2(file_, STDERR_FILENO) < 0) throw std::runtime_error("nothing to write to");
  }
  ~Captured() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    ::close(file_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  // Since the last call.
  std::vector<std::string> lines() {
    std::vector<std::string> all(1);
    char some[4096];
    for (ssize_t count = 0; (count = ::pread(file_, some, sizeof some, at_)) > 0; at_ += count) {
      for (ssize_t i = 0; i < count; ++i) {
        if (some[i] == '\n') {
          all.emplace_back();
        } else {
          all.back() += some[i];
        }
      }
    }
    all.pop_back();
    return all;
  }

 private:
  int before_;
  int file_;
  off_t at_ = 0;
};

Exchange exchange(int status, std::chrono::steady_clock::duration took) {
  Exchange one;
  one.method = "GET";
  one.route = "/v1/kv/{key}";
  one.request_id = "id-1";
  one.client = parse_origin("192.0.2.1:4711");
  one.status = status;
  one.bytes = 12;
  one.took = took;
  return one;
}

bool has(const std::string& line, std::string_view what) { return line.find(what) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(access_log)

BOOST_AUTO_TEST_CASE(of_what_goes_well_and_quickly_nothing_is_wanted) {
  AccessLog log(false, false);
  BOOST_TEST(!log.wants(200, 999ms));
  BOOST_TEST(!log.wants(404, 0ms));
  BOOST_TEST(log.wants(200, 1s));
  BOOST_TEST(log.wants(500, 0ms));
  BOOST_TEST(AccessLog(true, false).wants(200, 0ms));
}

BOOST_AUTO_TEST_CASE(a_request_that_takes_a_second_is_a_warning_with_and_without_the_flag) {
  for (bool all : {false, true}) {
    AccessLog log(all, false);
    Captured captured;
    log.write(exchange(200, 1234567us));
    auto lines = captured.lines();
    BOOST_REQUIRE(lines.size() == 1U);
    BOOST_TEST(lines[0].substr(lines[0].find("level=")) ==
               "level=warn msg=request method=GET route=/v1/kv/{key} status=200 bytes=12 took_ms=1234.567 "
               "client=192.0.2.1:4711 request_id=id-1");
  }
}

BOOST_AUTO_TEST_CASE(who_asked_to_wait_is_slow_only_beyond_that) {
  Exchange poll = exchange(200, 30s);
  poll.asked_wait = 30s;
  Captured captured;
  AccessLog(false, false).write(poll);
  BOOST_TEST(captured.lines().empty());
  poll.took = 31s;
  AccessLog(false, false).write(poll);
  BOOST_TEST(captured.lines().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_500_by_contract_is_no_trouble) {
  Exchange missing = exchange(500, 1ms);
  missing.expected = true;
  Captured captured;
  AccessLog(false, false).write(missing);
  BOOST_TEST(captured.lines().empty());
  missing.took = 2s;
  AccessLog(false, false).write(missing);
  BOOST_TEST(captured.lines().size() == 1U);
  missing.took = 1ms;
  AccessLog(true, false).write(missing);
  auto lines = captured.lines();
  BOOST_REQUIRE(lines.size() == 1U);
  BOOST_TEST(has(lines[0], "level=info"));
}

BOOST_AUTO_TEST_CASE(of_trouble_a_hundred_a_second_are_written_and_the_rest_is_counted) {
  AccessLog log(false, false);
  Captured captured;
  Time now = std::chrono::steady_clock::now();
  for (int turn = 0; turn < 130; ++turn) log.write(exchange(turn % 2 == 0 ? 503 : 200, 1s), now + turn * 1ms);
  BOOST_TEST(captured.lines().size() == AccessLog::most_a_second);
  log.write(exchange(503, 0ms), now + 999ms);
  BOOST_TEST(captured.lines().empty());
  log.write(exchange(503, 0ms), now + 1s);
  auto lines = captured.lines();
  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_TEST(has(lines[0], "level=warn msg=\"more requests failed or were slow\" left_out=31"));
  BOOST_TEST(has(lines[1], "msg=request"));
  log.write(exchange(503, 0ms), now + 2s);
  BOOST_TEST(captured.lines().size() == 1U);  // nothing was left out meanwhile
}

BOOST_AUTO_TEST_CASE(with_the_flag_every_request_is_written) {
  AccessLog log(true, false);
  Captured captured;
  Time now = std::chrono::steady_clock::now();
  for (int turn = 0; turn < 250; ++turn) log.write(exchange(503, 0ms), now);
  BOOST_TEST(captured.lines().size() == 250U);
}

BOOST_AUTO_TEST_SUITE_END()
