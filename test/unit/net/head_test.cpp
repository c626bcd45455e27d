#include "kvs/net/head.hpp"

#include <boost/test/unit_test.hpp>
#include <ostream>
#include <random>
#include <vector>

using namespace kvs;

namespace {

constexpr std::string_view curl =
    "GET /v1/kv/service/web%2F1?revision=7 HTTP/1.1\r\nHost: 127.0.0.1:23333\r\nUser-Agent: curl/7.88.1\r\n"
    "Accept: */*\r\n\r\n";

struct Parsed {
  std::string text;
  RequestHead head;
  HeadResult result;
  explicit Parsed(std::string bytes) : text(std::move(bytes)), result(parse_head(text, head)) {}
  bool complete() const { return result.kind == HeadResult::Kind::complete; }
  bool need_more() const { return result.kind == HeadResult::Kind::need_more; }
  int status() const { return result.kind == HeadResult::Kind::error ? result.status : 0; }
};

// A GET with these lines (each with its CRLF) between the request line and the end.
Parsed with(std::string_view lines, std::string_view line = "GET / HTTP/1.1\r\nHost: a\r\n") {
  return Parsed(std::string(line) + std::string(lines) + "\r\n");
}

int status_of(std::string bytes) { return Parsed(std::move(bytes)).status(); }
int status_with(std::string_view lines) { return with(lines).status(); }

}  // namespace

BOOST_AUTO_TEST_SUITE(request_head)

BOOST_AUTO_TEST_CASE(a_curl_request_is_taken_apart) {
  Parsed p{std::string(curl) + "next"};
  BOOST_TEST_REQUIRE(p.complete());
  BOOST_TEST(p.head.size() == curl.size());
  BOOST_TEST((p.head.method() == Method::get));
  BOOST_TEST(p.head.target() == "/v1/kv/service/web%2F1?revision=7");
  BOOST_TEST(p.head.path() == "/v1/kv/service/web%2F1");
  BOOST_TEST(p.head.query() == "revision=7");
  BOOST_TEST(p.head.host() == "127.0.0.1:23333");
  BOOST_TEST(p.head.value(Known::user_agent) == "curl/7.88.1");
  BOOST_TEST(p.head.value(Known::accept) == "*/*");
  BOOST_TEST(p.head.field_count() == 3U);
  BOOST_TEST(p.head.keep_alive());
  BOOST_TEST(!p.head.chunked());
  BOOST_TEST(!p.head.content_length().has_value());
  BOOST_TEST(!p.head.has(Known::origin));
  BOOST_TEST(p.head.value(Known::origin).data() == nullptr);
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_valid_head_needs_more) {
  for (std::string_view whole :
       {curl, std::string_view("\r\n\r\nPUT /k HTTP/1.0\r\nContent-Length: 5\r\nX:\t y \r\n\r\n"),
        std::string_view("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")}) {
    RequestHead head;
    std::size_t seen = 0;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // Bytes of their own, so that ASan sees a step beyond the end.
      std::vector<char> bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      std::string_view prefix(bytes.data(), bytes.size());
      BOOST_TEST((parse_head(prefix, head).kind == HeadResult::Kind::need_more), "prefix of " << size);
      BOOST_TEST((parse_head(prefix, head, seen).kind == HeadResult::Kind::need_more), "resumed prefix of " << size);
      seen = size;
    }
    BOOST_TEST((parse_head(whole, head, seen).kind == HeadResult::Kind::complete));
    BOOST_TEST(head.size() == whole.size());
  }
}

BOOST_AUTO_TEST_CASE(methods_are_case_sensitive_and_unknown_ones_kept) {
  BOOST_TEST((Parsed("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n").head.method() == Method::del));
  BOOST_TEST((Parsed("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n").head.method() == Method::patch));
  BOOST_TEST((Parsed("POST / HTTP/1.1\r\nHost: a\r\n\r\n").head.method() == Method::post));
  BOOST_TEST((Parsed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").head.method() == Method::head));
  Parsed p("get / HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST((p.head.method() == Method::other));
  BOOST_TEST(p.head.method_text() == "get");
}

BOOST_AUTO_TEST_CASE(a_path_is_never_normalised) {
  BOOST_TEST(Parsed("GET /a/../b//c/?x HTTP/1.1\r\nHost: a\r\n\r\n").head.path() == "/a/../b//c/");
  BOOST_TEST(Parsed("GET /\xC3\xA9\xFF HTTP/1.1\r\nHost: a\r\n\r\n").head.path() == "/\xC3\xA9\xFF");
}

BOOST_AUTO_TEST_CASE(an_absolute_target_brings_its_own_host) {
  Parsed p("GET HTTP://b:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST_REQUIRE(p.complete());
  BOOST_TEST(p.head.host() == "b:1");
  BOOST_TEST(p.head.path() == "/x");
  BOOST_TEST(p.head.query() == "y");
  Parsed bare("GET https://b HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(bare.head.path() == "/");
  BOOST_TEST(bare.head.host() == "b");
  BOOST_TEST(Parsed("GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n").head.query() == "q");
}

BOOST_AUTO_TEST_CASE(targets_of_other_forms_are_refused) {
  for (std::string_view target :
       {"*", "b:443", "x", "ftp://b/", "http://", "http:///x", "http://u@b/", "http://b c/"}) {
    BOOST_TEST(status_of("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n") == 400, target);
  }
  BOOST_TEST(status_of("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  BOOST_TEST(Parsed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.path() == "*");
}

BOOST_AUTO_TEST_CASE(request_lines_have_exactly_one_shape) {
  for (std::string_view line :
       {"GET / HTTP/1.1\n", "GET / HTTP/1.1\rX", "GET  / HTTP/1.1\r\n", "GET /  HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n",
        " GET / HTTP/1.1\r\n", "GET\t/ HTTP/1.1\r\n", "GET /\r\n", "GET / http/1.1\r\n", "GET / HTTP/11\r\n",
        "GET / HTTP/1.x\r\n", "GET / HTTP/1.10\r\n", "GE(T / HTTP/1.1\r\n", "\nGET / HTTP/1.1\r\n",
        "\rGET / HTTP/1.1\r\n", "GET /\x01 HTTP/1.1\r\n", "GET /\x7F HTTP/1.1\r\n", "GET / HTTP/ 1.1\r\n",
        "GET / \r\n"}) {
    BOOST_TEST(status_of(std::string(line) + "Host: a\r\n\r\n") == 400, line);
  }
  BOOST_TEST(status_of(std::string("GET /\0 HTTP/1.1\r\n", 18)) == 400);
}

BOOST_AUTO_TEST_CASE(a_tls_hello_is_told_what_is_spoken_here) {
  Parsed p("\x16\x03\x01\x02");
  BOOST_TEST(p.status() == 400);
  BOOST_TEST(p.result.detail.find("TLS") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(other_major_versions_are_505) {
  BOOST_TEST(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
  BOOST_TEST(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  BOOST_TEST(status_of("GET / HTTP/0.9\r\n") == 505);
  Parsed p("GET / HTTP/1.2\r\nHost: a\r\n\r\n");
  BOOST_TEST(p.complete());
  BOOST_TEST(p.head.minor_version() == 1);
}

BOOST_AUTO_TEST_CASE(a_host_is_needed_once) {
  BOOST_TEST(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  BOOST_TEST(status_with("Host: a\r\n") == 400);
  BOOST_TEST(Parsed("GET / HTTP/1.0\r\n\r\n").complete());
  for (std::string_view host : {"a b", "a/b", "u@a", "a\"", "a\\b", "a,b c", "<a>"}) {
    BOOST_TEST(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400, host);
  }
  BOOST_TEST(Parsed("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n").head.host() == "[::1]:80");
  BOOST_TEST(Parsed("GET / HTTP/1.1\r\nHost:\r\n\r\n").complete());
}

BOOST_AUTO_TEST_CASE(field_lines_have_exactly_one_shape) {
  for (std::string_view line : {"X: a\n", "X: a\rb\r\n", "X: a\r\n b\r\n", "X: a\r\n\tb\r\n", "X : a\r\n", " X: a\r\n",
                                "X\r\n", ": a\r\n", "X(y): a\r\n", "X\xC3\xA9: a\r\n", "X: a\x01\r\n", "X: a\x7F\r\n",
                                "X: \x1B[2J\r\n", "X y: a\r\n", "\r: a\r\n"}) {
    BOOST_TEST(status_with(line) == 400, line);
  }
  BOOST_TEST(status_with(std::string("X: a\0b\r\n", 8)) == 400);
  BOOST_TEST(status_with(std::string("X\0: a\r\n", 7)) == 400);
}

BOOST_AUTO_TEST_CASE(values_lose_the_white_space_around_them_only) {
  Parsed p = with("X-A:  \t one\ttwo three four five \t \r\nX-B:\r\nX-C:\xC3\xA9\r\n");
  BOOST_TEST_REQUIRE(p.complete());
  BOOST_TEST(p.head.find("x-a").value() == "one\ttwo three four five");
  BOOST_TEST(p.head.find("X-B").value() == "");
  BOOST_TEST(p.head.find("x-c").value() == "\xC3\xA9");
  BOOST_TEST(!p.head.find("x-d").has_value());
}

BOOST_AUTO_TEST_CASE(names_match_whatever_their_case) {
  Parsed p = with("iF-nOnE-mAtCh: \"1\"\r\nIDEMPOTENCY-KEY: k\r\nsec-websocket-Extensions: x\r\nIf-None-Matck: 2\r\n");
  BOOST_TEST(p.head.value(Known::if_none_match) == "\"1\"");
  BOOST_TEST(p.head.value(Known::idempotency_key) == "k");
  BOOST_TEST(p.head.value(Known::sec_websocket_extensions) == "x");
}

BOOST_AUTO_TEST_CASE(names_that_differ_in_one_bit_are_others) {
  Parsed p = with("If\x0DMatch: 1\r\n");
  BOOST_TEST(p.status() == 400);
  BOOST_TEST(with("Content~Length: 1\r\n").complete());
  BOOST_TEST(!with("Content~Length: 1\r\n").head.content_length().has_value());
  BOOST_TEST(status_with("Transfer\rEncoding: chunked\r\n") == 400);
  BOOST_TEST(status_with("Sec-WebSocket-Extensions") == 400);  // ends where a colon should be
  RequestHead head;
  BOOST_TEST((parse_head("GET / HTTP/1.1\r\nSec-WebSocket-Extensions", head).kind == HeadResult::Kind::need_more));
}

BOOST_AUTO_TEST_CASE(every_known_field_is_found) {
  const std::pair<std::string_view, Known> names[] = {
      {"Connection", Known::connection},
      {"Expect", Known::expect},
      {"Upgrade", Known::upgrade},
      {"Content-Type", Known::content_type},
      {"Content-Encoding", Known::content_encoding},
      {"Accept", Known::accept},
      {"Accept-Encoding", Known::accept_encoding},
      {"User-Agent", Known::user_agent},
      {"Origin", Known::origin},
      {"Sec-Fetch-Site", Known::sec_fetch_site},
      {"Authorization", Known::authorization},
      {"If-Match", Known::if_match},
      {"If-None-Match", Known::if_none_match},
      {"Idempotency-Key", Known::idempotency_key},
      {"Last-Event-ID", Known::last_event_id},
      {"Kvs-Min-Revision", Known::kvs_min_revision},
      {"Kvs-Request-Id", Known::kvs_request_id},
      {"X-Request-Id", Known::x_request_id},
      {"Traceparent", Known::traceparent},
      {"Sec-WebSocket-Key", Known::sec_websocket_key},
      {"Sec-WebSocket-Version", Known::sec_websocket_version},
      {"Sec-WebSocket-Protocol", Known::sec_websocket_protocol},
      {"Sec-WebSocket-Extensions", Known::sec_websocket_extensions},
  };
  for (auto [name, known] : names) {
    std::string value = known == Known::expect ? "100-continue" : "v";
    Parsed p = with(std::string(name) + ": " + value + "\r\n");
    BOOST_TEST_REQUIRE(p.complete(), name);
    BOOST_TEST(p.head.value(known) == value, name);
  }
}

BOOST_AUTO_TEST_CASE(content_length_is_one_decimal_number) {
  BOOST_TEST(with("Content-Length: 17\r\n").head.content_length().value() == 17U);
  BOOST_TEST(with("Content-Length: 0\r\n").head.content_length().value() == 0U);
  BOOST_TEST(with("Content-Length: 99999999999999999999999\r\n").head.content_length().value() == UINT64_MAX);
  for (std::string_view text : {"", "+1", "-1", "1 2", "1,1", "0x10", "1.0", "a"}) {
    BOOST_TEST(status_with("Content-Length: " + std::string(text) + "\r\n") == 400, text);
  }
}

BOOST_AUTO_TEST_CASE(a_repeated_content_length_is_refused_even_if_equal) {
  BOOST_TEST(status_with("Content-Length: 1\r\nContent-Length: 2\r\n") == 400);
  BOOST_TEST(status_with("Content-Length: 1\r\nContent-Length: 1\r\n") == 400);
  BOOST_TEST(status_with("Content-Length: 1\r\nX: y\r\ncontent-length: 1\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(content_length_and_transfer_encoding_exclude_each_other) {
  BOOST_TEST(status_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") == 400);
  BOOST_TEST(status_with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n") == 400);
}

BOOST_AUTO_TEST_CASE(chunked_is_the_only_transfer_coding) {
  BOOST_TEST(with("Transfer-Encoding: Chunked\r\n").head.chunked());
  BOOST_TEST(status_with("Transfer-Encoding: gzip, chunked\r\n") == 501);
  BOOST_TEST(status_with("Transfer-Encoding: identity\r\n") == 501);
  BOOST_TEST(status_with("Transfer-Encoding: xchunked\r\n") == 501);
  BOOST_TEST(status_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == 400);
  BOOST_TEST(status_with("Transfer-Encoding:\r\n") == 400);
  BOOST_TEST(status_with("Transfer-Encoding : chunked\r\n") == 400);
  BOOST_TEST(status_with("Transfer-Encoding:\x0B"
                         "chunked\r\n") == 400);
  BOOST_TEST(with("Transfer-Encoding: chunked\r\n", "GET / HTTP/1.0\r\n").status() == 400);
}

BOOST_AUTO_TEST_CASE(fields_that_stand_alone_may_not_be_repeated) {
  for (std::string_view name : {"Origin", "Content-Type", "Authorization", "Idempotency-Key", "Sec-Fetch-Site",
                                "Sec-WebSocket-Key", "Kvs-Request-Id", "Kvs-Min-Revision", "Last-Event-ID"}) {
    std::string line = std::string(name) + ": x\r\n";
    BOOST_TEST(status_with(line + line) == 400, name);
  }
}

BOOST_AUTO_TEST_CASE(repeated_lists_are_one_list) {
  Parsed p = with("If-Match: \"1\"\r\nX: y\r\nif-match: \"2\"\r\n");
  std::string scratch;
  BOOST_TEST(p.head.repeated(Known::if_match));
  BOOST_TEST(p.head.list(Known::if_match, scratch) == "\"1\", \"2\"");
  BOOST_TEST(p.head.list(Known::if_none_match, scratch).data() == nullptr);
}

BOOST_AUTO_TEST_CASE(only_one_expectation_is_known) {
  BOOST_TEST(with("Expect: 100-Continue\r\n").head.expect_continue());
  BOOST_TEST(status_with("Expect: tea\r\n") == 417);
  Parsed old = with("Expect: 100-continue\r\n", "PUT / HTTP/1.0\r\n");
  BOOST_TEST(old.complete());
  BOOST_TEST(!old.head.expect_continue());
}

BOOST_AUTO_TEST_CASE(connection_says_whether_it_stays) {
  BOOST_TEST(!with("Connection: Close\r\n").head.keep_alive());
  BOOST_TEST(!with("Connection: keep-alive\r\nConnection: foo , close\r\n").head.keep_alive());
  BOOST_TEST(with("Connection: closed\r\n").head.keep_alive());
  BOOST_TEST(!with("", "GET / HTTP/1.0\r\n").head.keep_alive());
  BOOST_TEST(with("Connection: Keep-Alive\r\n", "GET / HTTP/1.0\r\n").head.keep_alive());
}

BOOST_AUTO_TEST_CASE(an_upgrade_needs_both_its_fields) {
  BOOST_TEST(with("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n").head.wants_websocket());
  BOOST_TEST(!with("Connection: Upgrade\r\nUpgrade: h2c\r\n").head.wants_websocket());
  BOOST_TEST(!with("Upgrade: websocket\r\n").head.wants_websocket());
  BOOST_TEST(!with("Connection: Upgrade\r\nUpgrade: websocket\r\n", "GET / HTTP/1.0\r\n").head.wants_websocket());
}

BOOST_AUTO_TEST_CASE(a_request_line_has_at_most_16_kib) {
  auto line = [](std::size_t size) { return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1"; };
  BOOST_TEST(Parsed(line(max_request_line) + "\r\nHost: a\r\n\r\n").complete());
  BOOST_TEST(status_of(line(max_request_line + 1) + "\r\nHost: a\r\n\r\n") == 414);
  BOOST_TEST(status_of("GET /" + std::string(max_request_line, 'a')) == 414);
  BOOST_TEST(status_of(std::string(max_request_line + 1, 'A')) == 414);
  BOOST_TEST(status_of(std::string(100'000, 'A')) == 414);
  std::string bytes = "GET /" + std::string(max_request_line, 'a');
  RequestHead head;
  BOOST_TEST((parse_head(bytes, head, max_request_line).kind == HeadResult::Kind::error));
}

BOOST_AUTO_TEST_CASE(a_head_has_at_most_32_kib) {
  std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  auto head = [&](std::size_t size) { return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n"; };
  Parsed p(head(max_head_size) + "body");
  BOOST_TEST(p.complete());
  BOOST_TEST(p.head.size() == max_head_size);
  BOOST_TEST(status_of(head(max_head_size + 1)) == 431);
  BOOST_TEST(status_of(start + std::string(100'000, 'x')) == 431);
  BOOST_TEST(Parsed(head(max_head_size).substr(0, max_head_size - 1)).need_more());
}

BOOST_AUTO_TEST_CASE(a_head_has_at_most_100_fields) {
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "X: y\r\n";
  BOOST_TEST(with(lines).complete());
  BOOST_TEST(status_with(lines + "X: y\r\n") == 431);
}

BOOST_AUTO_TEST_CASE(empty_lines_before_a_request_are_read_over) {
  Parsed p("\r\n\r\n" + std::string(curl));
  BOOST_TEST(p.complete());
  BOOST_TEST(p.head.size() == curl.size() + 4);
  BOOST_TEST(p.head.path() == "/v1/kv/service/web%2F1");
}

BOOST_AUTO_TEST_CASE(a_head_survives_the_move_of_its_buffer) {
  Parsed p{std::string(curl)};
  std::string moved = "....." + p.text;
  p.text.assign(p.text.size(), '!');
  p.head.rebase(moved.data() + 5);
  BOOST_TEST(p.head.path() == "/v1/kv/service/web%2F1");
  BOOST_TEST(p.head.host() == "127.0.0.1:23333");
}

BOOST_AUTO_TEST_CASE(a_head_is_reused_without_traces_of_the_last_one) {
  RequestHead head;
  std::string rich =
      "POST http://b/x?y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nIf-Match: 1\r\n"
      "If-Match: 2\r\nOrigin: o\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n";
  BOOST_TEST((parse_head(rich, head).kind == HeadResult::Kind::complete));
  BOOST_TEST((parse_head(curl, head).kind == HeadResult::Kind::complete));
  BOOST_TEST(head.host() == "127.0.0.1:23333");
  BOOST_TEST(!head.chunked());
  BOOST_TEST(!head.expect_continue());
  BOOST_TEST(!head.repeated(Known::if_match));
  BOOST_TEST(!head.has(Known::origin));
  BOOST_TEST(!head.wants_websocket());
  BOOST_TEST(head.keep_alive());
}

BOOST_AUTO_TEST_CASE(mutated_heads_never_read_outside_their_bytes) {
  std::mt19937 random(7);
  const std::string seeds[] = {std::string(curl),
                               "POST http://b/x?y HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: "
                               "100-continue\r\nConnection: close\r\n\r\n",
                               "\r\nPUT /k HTTP/1.0\r\nContent-Length: 12\r\nIf-Match: \"1\"\r\n\r\n"};
  const std::string spice("\r\n\t :\0\x7F\xFF/?*,;=09AZaz", 20);
  std::size_t complete = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = seeds[round % 3];
    for (unsigned edits = 1 + random() % 4; edits != 0; --edits) {
      std::size_t at = random() % text.size();
      char byte = random() % 2 == 0 ? spice[random() % spice.size()] : static_cast<char>(random());
      switch (random() % 4) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1 + random() % 3);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
          break;
      }
    }
    std::vector<char> bytes(text.begin(), text.end());
    RequestHead head;
    auto result = parse_head({bytes.data(), bytes.size()}, head);
    if (result.kind == HeadResult::Kind::error) BOOST_REQUIRE(result.status >= 400 && !result.detail.empty());
    if (result.kind != HeadResult::Kind::complete) continue;
    ++complete;
    BOOST_REQUIRE(head.size() <= bytes.size());
    BOOST_REQUIRE(!(head.chunked() && head.content_length()));
    std::string_view all(bytes.data(), head.size());
    BOOST_REQUIRE(all.ends_with("\r\n\r\n"));
    // No line feed without a carriage return before it, no carriage return without a line feed after it.
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == '\n') BOOST_REQUIRE(i > 0 && all[i - 1] == '\r');
      if (all[i] == '\r') BOOST_REQUIRE(i + 1 < all.size() && all[i + 1] == '\n');
      BOOST_REQUIRE(all[i] != '\0');
    }
  }
  BOOST_TEST(complete > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
