#include "kvs/payload_digest.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>

using namespace kvs;

namespace {

using Step = Transaction::Step;

Command put(std::string_view key, std::string_view value, std::string_view content_type = {}) {
  Command command;
  command.record = Record::make(key, value, content_type);
  return command;
}

Command transaction() {
  Command command;
  command.kind = Command::Kind::transaction;
  command.transaction = std::make_unique<Transaction>();
  command.transaction->checks.push_back({"a", {Condition::Kind::absent, {}, {}}});
  command.transaction->then.push_back({Step::Kind::set, Record::make("a", std::string_view("v")), {}});
  command.transaction->otherwise.push_back({Step::Kind::get, Record::make("a", std::string_view("")), {}});
  return command;
}

std::uint64_t digest(Command command, const std::function<void(Command&)>& change = {}) {
  if (change) change(command);
  return payload_digest(command);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(payload)

BOOST_AUTO_TEST_CASE(whatever_is_asked_counts) {
  std::set<std::uint64_t> all{
      digest(put("a", "b")),
      digest(put("ab", "")),
      digest(put("", "ab")),
      digest(put("a", "", "b")),
      digest(put("a", "b", "c")),
      digest(put("a", std::string("b\0", 2))),
      digest(put("a", std::string(8, '\0'))),
      digest(put("a", std::string(9, '\0'))),
      digest(put("a", "b"), [](Command& c) { c.kind = Command::Kind::remove; }),
      digest(put("a", "b"), [](Command& c) { c.ttl = std::chrono::seconds(1); }),
      digest(put("a", "b"), [](Command& c) { c.conditions.push_back({Condition::Kind::exists, {}, {}}); }),
      digest(put("a", "b"), [](Command& c) { c.conditions.push_back({Condition::Kind::absent, {}, {}}); }),
      digest(put("a", "b"),
             [](Command& c) { c.conditions.push_back({Condition::Kind::revision_in, {Revision{1}}, {}}); }),
      digest(put("a", "b"),
             [](Command& c) { c.conditions.push_back({Condition::Kind::revision_in, {Revision{2}}, {}}); }),
      digest(transaction()),
      digest(transaction(), [](Command& c) { c.transaction->checks.clear(); }),
      digest(transaction(), [](Command& c) { c.transaction->checks[0].key = "b"; }),
      digest(transaction(), [](Command& c) { c.transaction->then[0].ttl = std::chrono::seconds(1); }),
      digest(transaction(), [](Command& c) { c.transaction->then[0].kind = Step::Kind::remove; }),
      digest(transaction(), [](Command& c) { std::swap(c.transaction->then, c.transaction->otherwise); }),
      digest(transaction(), [](Command& c) { c.transaction->otherwise.clear(); })};
  BOOST_TEST(all.size() == 21U);
}

BOOST_AUTO_TEST_CASE(who_asks_and_by_what_name_does_not) {
  std::uint64_t plain = digest(put("a", "b"));
  BOOST_TEST(plain == digest(put("a", "b"), [](Command& c) {
               c.origin = parse_origin("127.0.0.1:1");
               c.request_id = "other";
               c.request_key = "key";
               c.payload = 7;
             }));
}

// It stands in remembered answers, on disk and on other instances.
BOOST_AUTO_TEST_CASE(it_never_changes) {
  BOOST_TEST(digest(put("City", "Ahmedabad", "text/plain")) == 0x7fb6924c1f523f2cU);
  BOOST_TEST(digest(transaction()) == 0x8fba5fb26ee30108U);
}

BOOST_AUTO_TEST_SUITE_END()
