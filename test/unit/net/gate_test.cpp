#include "kvs/net/gate.hpp"

#include <boost/test/unit_test.hpp>

using namespace kvs;

namespace {

ServerOptions friendly() {
  ServerOptions options;
  options.allowed_hosts = {"kvs.example", "box:8080"};
  options.cors_origins = {"https://app.example", "http://localhost:3000"};
  return options;
}

struct Admission {
  std::string code = "in";  // or the problem's code
  std::string cors_origin;
};

// Of a GET with these fields (and Host, unless it is "-"), which counts as a write or not.
Admission judge(std::string_view host, std::string_view fields = {}, bool writes = false,
                Arrival arrival = Arrival::loopback, std::string_view target = "/") {
  std::string text = "GET " + std::string(target) + (host == "-" ? " HTTP/1.0\r\n" : " HTTP/1.1\r\nHost: ");
  if (host != "-") text.append(host).append("\r\n");
  text.append(fields).append("\r\n");
  RequestHead head;
  BOOST_TEST_REQUIRE((parse_head(text, head).kind == HeadResult::Kind::complete), text);
  ServerOptions options = friendly();
  Admission admission;
  if (auto problem = check_gate(head, writes, arrival, options, admission.cors_origin)) {
    admission.code = to_string(problem->code);
  }
  return admission;
}
std::string by_host(std::string_view host, Arrival arrival = Arrival::loopback) {
  return judge(host, {}, false, arrival).code;
}
std::string by_origin(std::string_view origin, std::string_view host = "localhost:23333") {
  return judge(host, "Origin: " + std::string(origin) + "\r\n").code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gate)

BOOST_AUTO_TEST_CASE(by_loopback_come_in_its_own_names_with_any_port) {
  for (std::string_view host :
       {"localhost", "localhost:23333", "LOCALHOST:1", "localhost:", "a.localhost", "a.b.LocalHost:80", "127.0.0.1",
        "127.0.0.1:23333", "127.8.9.10:1", "[::1]", "[::1]:23333", "0.0.0.0", "0.0.0.0:23333", "[::]:80"}) {
    BOOST_TEST(by_host(host) == "in", host);
  }
}

BOOST_AUTO_TEST_CASE(by_loopback_come_in_allowed_names) {
  BOOST_TEST(by_host("kvs.example") == "in");
  BOOST_TEST(by_host("KVS.example:9") == "in");
  BOOST_TEST(by_host("box:8080") == "in");  // a name with a port is that port alone
  BOOST_TEST(by_host("box:8081") == "wrong_host");
  BOOST_TEST(by_host("box") == "wrong_host");
}

BOOST_AUTO_TEST_CASE(by_loopback_other_names_stay_out) {
  for (std::string_view host : {"elsewhere.example",
                                "elsewhere.example:23333",
                                "localhost.elsewhere.example",
                                "localhost.",
                                "xlocalhost",
                                ".localhost",
                                "127.0.0.1.elsewhere.example",
                                "128.0.0.1",
                                "10.0.0.1",
                                "[::2]",
                                "[::1",
                                "::1",
                                "localhost:80:80",
                                "localhost:x",
                                "localhost:123456",
                                "[::1]x",
                                "[::1]:80x",
                                "2130706433",
                                "127.1",
                                "sub.kvs.example",
                                "kvs.example.",
                                "",
                                "[]",
                                ":80"}) {
    BOOST_TEST(by_host(host) == "wrong_host", host);
  }
}

BOOST_AUTO_TEST_CASE(http_1_0_without_a_host_comes_in) { BOOST_TEST(by_host("-") == "in"); }

BOOST_AUTO_TEST_CASE(the_authority_of_an_absolute_target_counts_instead_of_the_host) {
  auto code = [](std::string_view target, std::string_view host) {
    return judge(host, {}, false, Arrival::loopback, target).code;
  };
  BOOST_TEST(code("http://elsewhere.example/", "localhost") == "wrong_host");
  BOOST_TEST(code("http://localhost:1/", "elsewhere.example") == "in");
  BOOST_TEST(code("http://elsewhere.example/", "-") == "wrong_host");
}

BOOST_AUTO_TEST_CASE(by_network_and_local_socket_every_name_comes_in) {
  for (Arrival arrival : {Arrival::network, Arrival::local_socket}) {
    BOOST_TEST(by_host("kvs.cluster.example:1", arrival) == "in");
    BOOST_TEST(by_host("", arrival) == "in");
  }
}

BOOST_AUTO_TEST_CASE(pages_of_the_request_s_own_host_come_in) {
  BOOST_TEST(by_origin("http://localhost:23333") == "in");
  BOOST_TEST(by_origin("https://LOCALHOST:23333") == "in");
  BOOST_TEST(by_origin("http://[::1]:80", "[::1]:80") == "in");
  BOOST_TEST(judge("localhost", "Origin: http://localhost\r\n").cors_origin == "");
}

BOOST_AUTO_TEST_CASE(configured_pages_come_in_and_are_to_be_told_so) {
  Admission admission = judge("localhost", "Origin: https://app.example\r\n", true);
  BOOST_TEST(admission.code == "in");
  BOOST_TEST(admission.cors_origin == "https://app.example");
  BOOST_TEST(judge("localhost", "Origin: http://LocalHost:3000\r\n").cors_origin == "http://LocalHost:3000");
}

BOOST_AUTO_TEST_CASE(pages_of_other_origins_stay_out) {
  for (std::string_view origin :
       {"http://elsewhere.example", "null", "", "http://localhost", "http://localhost:80", "localhost:23333",
        "http://localhost:23333.elsewhere.example", "http://elsewhere.example/localhost:23333",
        "http://user@localhost:23333", "http://127.0.0.1:23333", "http://app.example", "https://app.example:444",
        "https://app.example.elsewhere.example", "https://xapp.example", "https://app.example/"}) {
    Admission admission = judge("localhost:23333", "Origin: " + std::string(origin) + "\r\n");
    BOOST_TEST(admission.code == "foreign_origin", origin);
    BOOST_TEST(admission.cors_origin == "");
  }
}

BOOST_AUTO_TEST_CASE(foreign_pages_stay_out_on_every_way_in) {
  for (Arrival arrival : {Arrival::loopback, Arrival::network, Arrival::local_socket}) {
    BOOST_TEST(judge("localhost", "Origin: http://elsewhere.example\r\n", false, arrival).code == "foreign_origin");
  }
}

BOOST_AUTO_TEST_CASE(without_an_origin_a_write_must_not_be_cross_site) {
  constexpr bool writes = true;
  BOOST_TEST(judge("localhost", "Sec-Fetch-Site: cross-site\r\n", writes).code == "foreign_origin");
  BOOST_TEST(judge("localhost", "Sec-Fetch-Site: cross-site\r\n", !writes).code == "in");
  for (std::string_view site : {"same-origin", "same-site", "none"}) {
    BOOST_TEST(judge("localhost", "Sec-Fetch-Site: " + std::string(site) + "\r\n", writes).code == "in", site);
  }
  BOOST_TEST(judge("localhost", "", writes).code == "in");
}

BOOST_AUTO_TEST_CASE(a_configured_page_may_write_cross_site) {
  BOOST_TEST(judge("localhost", "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n", true).code == "in");
}

BOOST_AUTO_TEST_CASE(a_wrong_host_is_said_before_a_foreign_origin) {
  BOOST_TEST(judge("elsewhere.example", "Origin: http://elsewhere.example\r\n").code == "wrong_host");
}

BOOST_AUTO_TEST_SUITE_END()
