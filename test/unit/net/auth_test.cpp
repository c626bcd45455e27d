#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "kvs/net/access.hpp"
#include "kvs/net/auth_file.hpp"

using namespace kvs;

namespace {

Rights rights(const std::vector<std::string>& grants) {
  Rights all;
  for (const auto& grant : grants) {
    auto problem = parse_grant(grant, all);
    BOOST_TEST_REQUIRE(!problem.has_value(), grant);
  }
  return all;
}

// "k:KEY" and "p:PREFIX", or "none", or "everything".
std::string readable(const Rights& rights, Filter wanted) {
  auto part = rights.readable(std::move(wanted));
  if (!part) return "none";
  if (part->everything()) return "everything";
  std::string text;
  for (const auto& key : part->keys) text += "k:" + key + " ";
  for (const auto& prefix : part->prefixes) text += "p:" + prefix + " ";
  return text;
}

std::string complaint(std::string_view text) {
  auto table = AuthTable::parse(text, "auth");
  return table ? "" : table.error().detail;
}

AuthTable table(std::string_view text) {
  auto parsed = AuthTable::parse(text, "auth");
  BOOST_TEST_REQUIRE(parsed.has_value(), complaint(text));
  return std::move(*parsed);
}

RequestHead head_with(const std::string& fields) {
  static std::string text;  // what a head refers to
  text = "GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
  RequestHead head;
  BOOST_TEST_REQUIRE((parse_head(text, head).kind == HeadResult::Kind::complete), text);
  return head;
}

Origin peer(std::uint8_t last) {
  Origin origin;
  origin.kind = Origin::Kind::ipv4;
  origin.address = {192, 0, 2, last};
  return origin;
}

// A table in which somebody holds `token`.
struct Gatekeeper {
  explicit Gatekeeper(const std::string& grants) { give(grants); }
  void give(const std::string& grants) {
    access.replace(std::make_shared<AuthTable>(table(auth_line("anna", token, {grants}))));
  }
  std::string code(Login& login, const std::string& fields) {
    auto problem = login.identify(head_with(fields));
    return problem ? std::string(to_string(problem->code)) : "in";
  }
  std::string token = make_token();
  std::string bearer = "Authorization: Bearer " + token + "\r\n";
  Access access;
};

const std::string wrong_bearer = "Authorization: Bearer nobody-has-this\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(auth)

BOOST_AUTO_TEST_CASE(nothing_is_allowed_that_was_not_granted) {
  Rights none;
  BOOST_TEST(!none.may_read("a"));
  BOOST_TEST(!none.may_write("a"));
  BOOST_TEST(!none.metrics());
  BOOST_TEST(!none.admin());
  BOOST_TEST(!none.reads());
  BOOST_TEST(readable(none, {}) == "none");
  Rights reader = rights({"read"});
  BOOST_TEST(reader.may_read("a"));
  BOOST_TEST(!reader.may_write("a"));
  BOOST_TEST(!reader.metrics());
  Rights writer = rights({"write"});
  BOOST_TEST(!writer.may_read("a"));
  BOOST_TEST(writer.may_write_all(""));
  BOOST_TEST(!rights({"metrics"}).may_read("a"));
}

BOOST_AUTO_TEST_CASE(an_admin_may_everything) {
  Rights admin = rights({"admin"});
  BOOST_TEST(admin.may_read("a"));
  BOOST_TEST(admin.may_write_all(""));
  BOOST_TEST(admin.metrics());
  BOOST_TEST(admin.admin());
  BOOST_TEST((admin == Rights::all()));
}

BOOST_AUTO_TEST_CASE(a_prefix_bounds_what_may_be_read_and_written) {
  Rights some = rights({"read:app/", "write:app/web/"});
  BOOST_TEST(some.may_read("app/x"));
  BOOST_TEST(!some.may_read("app"));
  BOOST_TEST(!some.may_read("apple"));
  BOOST_TEST(some.may_write("app/web/x"));
  BOOST_TEST(!some.may_write("app/x"));
  BOOST_TEST(some.may_write_all("app/web/a"));
  BOOST_TEST(!some.may_write_all("app/we"));
  BOOST_TEST(!some.may_write_all(""));
}

BOOST_AUTO_TEST_CASE(of_what_is_wanted_only_the_readable_part_is_given) {
  Rights some = rights({"read:a/", "read:b/"});
  BOOST_TEST(readable(some, {}) == "p:a/ p:b/ ");
  BOOST_TEST(readable(some, {{}, {"a/x"}}) == "p:a/x ");
  BOOST_TEST(readable(some, {{}, {"a"}}) == "p:a/ ");
  BOOST_TEST(readable(some, {{"a/1", "c"}, {"c/"}}) == "k:a/1 ");
  BOOST_TEST(readable(some, {{"c"}, {"d"}}) == "none");
  BOOST_TEST(readable(rights({"read"}), {}) == "everything");
  BOOST_TEST(readable(rights({"read:a/", "read:a/b/", "read"}), {}) == "everything");
}

BOOST_AUTO_TEST_CASE(prefixes_in_grants_are_percent_encoded) {
  BOOST_TEST(rights({"read:a%20b/"}).may_read("a b/c"));
  Rights rights;
  BOOST_TEST(parse_grant("read:%zz", rights).has_value());
  BOOST_TEST(parse_grant("admin:a", rights).has_value());
  BOOST_TEST(parse_grant("metrics:a", rights).has_value());
  BOOST_TEST(parse_grant("read:", rights)->detail ==
             "read: names no prefix: leave the colon out for every key (read), or name one (read:app/)");
  BOOST_TEST(parse_grant("root", rights).has_value());
  BOOST_TEST((rights == Rights{}));
}

BOOST_AUTO_TEST_CASE(tokens_are_43_characters_and_never_the_same) {
  std::string one = make_token(), other = make_token();
  BOOST_TEST(one.size() == 43u);
  BOOST_TEST(one.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
             std::string::npos);
  BOOST_TEST(one != other);
}

BOOST_AUTO_TEST_CASE(the_file_holds_digests_not_tokens) {
  // echo -n secret | sha256sum
  BOOST_TEST(auth_line("anna", "secret", {"read", "write:app/"}) ==
             "anna 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b read write:app/");
}

BOOST_AUTO_TEST_CASE(holders_are_found_by_token_and_by_name) {
  AuthTable both = table("# who may come in\n\n" + auth_line("anna", "one", {"read"}) + "\r\n" +
                         auth_line("bert", "two", {"admin"}) + "\nbox.example - write:box/");
  BOOST_TEST(both.size() == 3u);
  BOOST_TEST(both.by_token("one")->name == "anna");
  BOOST_TEST(both.by_token("two")->rights.admin());
  BOOST_TEST((both.by_token("three") == nullptr));
  BOOST_TEST((both.by_token("") == nullptr));
  BOOST_TEST(both.by_name("box.example")->rights.may_write("box/1"));
  BOOST_TEST((both.by_name("carl") == nullptr));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_line) {
  const std::string good = auth_line("anna", "one", {"read"}) + "\n";
  BOOST_TEST(complaint(good) == "");
  BOOST_TEST(complaint(good + "anna - read").starts_with("auth:2: anna is named twice"));
  BOOST_TEST(complaint("\nan/na - read").starts_with("auth:2: a name has"));
  BOOST_TEST(complaint("anna secret read").starts_with("auth:1: behind the name stands the SHA-256"));
  BOOST_TEST(complaint("anna").starts_with("auth:1: behind the name stands the SHA-256"));
  BOOST_TEST(complaint("anna -").starts_with("auth:1: no role is given to anna"));
  BOOST_TEST(complaint("anna - reed").starts_with("auth:1: there is no role \"reed\""));
}

BOOST_AUTO_TEST_CASE(a_file_that_others_may_read_is_refused) {
  auto file = std::filesystem::temp_directory_path() / ("kvs-auth-" + make_token());
  std::ofstream(file) << auth_line("anna", "one", {"read"}) << "\n";
  ::chmod(file.c_str(), 0640);
  auto open = AuthTable::load(file);
  BOOST_TEST(!open.has_value());
  BOOST_TEST(open.error().detail.find("chmod 600 " + file.string()) != std::string::npos);
  ::chmod(file.c_str(), 0600);
  BOOST_TEST(AuthTable::load(file)->size() == 1u);
  std::filesystem::remove(file);
  BOOST_TEST(AuthTable::load(file).error().detail.find("No such file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_a_table_everybody_may_everything) {
  Access access;
  Login login(access, peer(1));
  BOOST_TEST(!login.identify(head_with(wrong_bearer)).has_value());
  BOOST_TEST(login.rights().admin());
}

BOOST_AUTO_TEST_CASE(a_token_comes_as_bearer_or_as_subprotocol) {
  Gatekeeper gate("read");
  Login login(gate.access, peer(1));
  for (const std::string& fields : {gate.bearer, "authorization: bearer  " + gate.token + "\r\n",
                                    "Sec-WebSocket-Protocol: kvs.v1, kvs.bearer." + gate.token + "\r\n"}) {
    BOOST_TEST(gate.code(login, fields) == "in", fields);
    BOOST_TEST(login.rights().may_read("a"), fields);
  }
  for (const std::string& fields :
       {std::string(), "Authorization: Basic " + gate.token + "\r\n", std::string("Authorization: Bearer\r\n")}) {
    BOOST_TEST(gate.code(login, fields) == "in", fields);  // as nobody
    BOOST_TEST(!login.rights().reads(), fields);
    BOOST_TEST((login.denial("read a").code == errc::unauthenticated), fields);
  }
  BOOST_TEST(gate.code(login, wrong_bearer) == "unauthenticated");
}

BOOST_AUTO_TEST_CASE(a_new_table_counts_from_the_next_request_on) {
  Gatekeeper gate("read");
  Login login(gate.access, peer(1));
  BOOST_TEST(gate.code(login, gate.bearer) == "in");
  HolderRef before = login.holder();
  gate.give("write");
  BOOST_TEST(gate.code(login, gate.bearer) == "in");
  BOOST_TEST(!login.rights().may_read("a"));
  BOOST_TEST(login.rights().may_write("a"));
  BOOST_TEST((login.denial("read a").code == errc::forbidden));
  BOOST_TEST(!gate.access.table()->has(*before));
  gate.access.replace(std::make_shared<AuthTable>());
  BOOST_TEST(gate.code(login, gate.bearer) == "unauthenticated");
}

BOOST_AUTO_TEST_CASE(a_certificate_stands_for_its_name) {
  Access access;
  access.replace(std::make_shared<AuthTable>(table("box.example - write:box/")));
  Login box(access, peer(1), "box.example"), other(access, peer(1), "other.example");
  BOOST_TEST(!box.identify(head_with("")).has_value());
  BOOST_TEST(box.rights().may_write("box/1"));
  BOOST_TEST(!other.identify(head_with("")).has_value());
  BOOST_TEST(!other.rights().may_write("box/1"));
  BOOST_TEST((other.denial("write box/1").code == errc::forbidden));
}

BOOST_AUTO_TEST_CASE(after_ten_failures_an_address_waits_for_the_next_second) {
  LoginLimit limit;
  Clock::time_point now{std::chrono::seconds{100}};
  for (std::uint32_t i = 0; i < LoginLimit::most_failures; ++i) {
    BOOST_TEST(!limit.refuses(peer(1), now));
    limit.failed(peer(1), now + std::chrono::milliseconds{i});
  }
  BOOST_TEST(limit.refuses(peer(1), now));
  BOOST_TEST(!limit.refuses(peer(1), now + std::chrono::seconds{1}));
  Origin local;
  local.kind = Origin::Kind::local;
  for (int i = 0; i < 20; ++i) limit.failed(local, now);
  BOOST_TEST(!limit.refuses(local, now));
}

BOOST_AUTO_TEST_CASE(addresses_of_one_ipv6_network_count_as_one) {
  LoginLimit limit;
  Clock::time_point now{std::chrono::seconds{100}};
  Origin one;
  one.kind = Origin::Kind::ipv6;
  one.address = {0x20, 1, 0xd, 0xb8};
  Origin other = one, stranger = one;
  other.address[15] = 7;
  stranger.address[7] = 1;
  for (int i = 0; i < 10; ++i) limit.failed(one, now);
  BOOST_TEST(limit.refuses(other, now));
  BOOST_TEST(!limit.refuses(stranger, now));
}

BOOST_AUTO_TEST_SUITE_END()
