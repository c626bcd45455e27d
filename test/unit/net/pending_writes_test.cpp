#include "kvs/net/pending_writes.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "http_text.hpp"
#include "net_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  Wakeup wakeup{worker.executor()};
  PendingWrites writes{worker, wakeup};
  std::string out;

  explicit Fixture(StoreOptions options = {}) : NetFixture({}, std::move(options)) { load(); }

  PublishResult submit(Command&& command, WriteForm form = WriteForm::put, Manners manners = {}) {
    return writes.submit(std::move(command), form, manners);
  }
  Answer answer() { return take_answer(out); }
  // What becomes of one write.
  Answer outcome(Command&& command, WriteForm form = WriteForm::put) {
    submit(std::move(command), form);
    order();
    writes.answer(out);
    return answer();
  }
  std::vector<Ending> lost(Ending::How how) {
    std::vector<Ending> all;
    for (auto& [command, ticket] : bus.published) all.push_back({ticket, how, {}});
    bus.published.clear();
    return all;
  }
};

Manners asked_as(std::string id) {
  Manners manners;
  manners.request_id = std::move(id);
  return manners;
}
Manners plainly() {
  Manners manners;
  manners.plain_errors = true;
  return manners;
}
Manners for_the_last_time() {
  Manners manners;
  manners.close = true;
  return manners;
}

awaitable<bool> wait_for(PendingWrites& writes, Wakeup& wakeup) {
  while (!writes.settled()) co_await wakeup.wait();
  co_return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pending_writes)

BOOST_AUTO_TEST_CASE(a_write_that_creates_is_201_with_its_revision_as_etag) {
  Fixture f;
  Answer answer = f.outcome(put("a", "1"));
  BOOST_TEST(answer.status == 201);
  BOOST_TEST(answer.field("ETag") == "\"1\"");
  BOOST_TEST(answer.field("Kvs-Revision") == "1");
  BOOST_TEST(answer.field("Cache-Control") == "no-store");
  BOOST_TEST(answer.body == "{\"key\":\"a\",\"revision\":1,\"created\":true}\n");
}

BOOST_AUTO_TEST_CASE(a_write_that_replaces_is_200) {
  Fixture f;
  f.apply(put("a", "0"));
  Answer answer = f.outcome(put("a", "1"));
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "{\"key\":\"a\",\"revision\":2,\"created\":false}\n");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_no_text_is_answered_in_base64) {
  Fixture f;
  Answer answer = f.outcome(put("\xFF\xFE", "1"));
  BOOST_TEST(boost::json::parse(answer.body).at("key_base64").as_string() == "//4=");
}

BOOST_AUTO_TEST_CASE(a_delete_says_whether_there_was_anything) {
  Fixture f;
  f.apply(put("a", "0"));
  BOOST_TEST(f.outcome(drop("a"), WriteForm::remove).body == "{\"deleted\":1,\"revision\":2}\n");
  Answer answer = f.outcome(drop("a"), WriteForm::remove);
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body == "{\"deleted\":0,\"revision\":2}\n");
  BOOST_TEST(answer.field("Kvs-Revision") == "2");
}

BOOST_AUTO_TEST_CASE(a_legacy_set_is_answered_as_the_original_did) {
  Fixture f;
  Answer answer = f.outcome(put("a", "1"), WriteForm::legacy_set);
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.field("Content-Type") == "text/plain; charset=utf-8");
  BOOST_TEST(answer.field("Cache-Control") == "no-store");  // a GET may set, too
  BOOST_TEST(answer.body == "\"SUCCESS\"\n");
}

BOOST_AUTO_TEST_CASE(a_refused_write_says_what_is_there_instead) {
  Fixture f;
  f.apply(put("a", "0"));
  Answer answer = f.outcome(put("a", "1", {must_be_absent()}));
  BOOST_TEST(answer.code() == "condition_failed");
  auto document = boost::json::parse(answer.body);
  BOOST_TEST(document.at("current_revision").to_number<int>() == 1);
  BOOST_TEST(document.at("current").at("value").as_string() == "0");
  BOOST_TEST(answer.field("Kvs-Revision") == "1");
  BOOST_TEST(!answer.has("ETag"));
}

BOOST_AUTO_TEST_CASE(a_refused_write_to_a_key_that_is_not_there_says_so) {
  Fixture f;
  Answer answer = f.outcome(put("a", "1", {Condition{Condition::Kind::exists, {}, {}}}));
  auto document = boost::json::parse(answer.body);
  BOOST_TEST(answer.status == 412);
  BOOST_TEST(document.at("current_revision").to_number<int>() == 0);
  BOOST_TEST(document.at("current").is_null());
}

BOOST_AUTO_TEST_CASE(a_write_the_bus_has_lost_is_503_or_504) {
  Fixture f;
  f.submit(put("a", "1"));
  f.order({}, f.lost(Ending::How::unknown));
  f.writes.answer(f.out);
  Answer unknown = f.answer();
  BOOST_TEST(unknown.status == 504);
  BOOST_TEST(unknown.code() == "outcome_unknown");
  f.submit(put("a", "1"));
  f.order({}, f.lost(Ending::How::failed));
  f.writes.answer(f.out);
  BOOST_TEST(f.answer().status == 503);
}

BOOST_AUTO_TEST_CASE(a_write_that_is_not_settled_says_how_far_this_instance_is) {
  TemporaryDirectory directory;
  Fixture f(kept_in(directory));
  f.apply(put("a", "1"));
  f.apply(put("a", "2"));
  f.submit(put("a", "3"));
  f.writes.abandon();
  f.writes.answer(f.out);
  auto document = boost::json::parse(f.answer().body);
  BOOST_TEST(document.at("code").as_string() == "outcome_unknown");
  BOOST_TEST(document.at("current_revision").to_number<int>() == 2);
  BOOST_TEST(document.at("oldest_revision").to_number<int>() == 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_507_and_the_next_write_may_find_room) {
  TemporaryDirectory directory;
  Fixture f(kept_in(directory));
  f.files.on_write = [] { throw_error(ENOSPC); };
  BOOST_TEST(f.outcome(put("a", "1")).code() == "out_of_space");
  f.files.on_write = {};
  BOOST_TEST(f.outcome(put("a", "1")).status == 201);
}

BOOST_AUTO_TEST_CASE(after_a_failed_sync_writes_are_refused_with_the_reason) {
  TemporaryDirectory directory;
  Fixture f(kept_in(directory));
  f.files.on_sync = [] { throw_error(EIO); };
  BOOST_TEST(f.outcome(put("a", "1")).code() == "outcome_unknown");
  auto result = f.submit(put("a", "1"));
  BOOST_TEST((result == PublishResult::away));
  Problem problem = publish_problem(result, f.worker);
  BOOST_TEST((problem.code == errc::bus_away));
  BOOST_TEST(problem.detail.find(f.store.failure()) != std::string::npos);
  BOOST_TEST(!f.store.failure().empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_taken_has_its_own_reason) {
  NetFixture f;
  BOOST_TEST((publish_problem(PublishResult::away, f.worker).code == errc::starting));
  f.load();
  BOOST_TEST((publish_problem(PublishResult::full, f.worker).code == errc::too_many_requests));
  f.stop();
  BOOST_TEST((publish_problem(PublishResult::away, f.worker).code == errc::draining));
}

BOOST_AUTO_TEST_CASE(a_write_that_is_not_taken_is_not_pending) {
  Fixture f;
  f.bus.answer = PublishResult::full;
  BOOST_TEST((f.submit(put("a", "1")) == PublishResult::full));
  BOOST_TEST(f.writes.empty());
  BOOST_TEST(f.writes.settled());
}

BOOST_AUTO_TEST_CASE(writes_are_settled_when_the_last_of_them_is) {
  Fixture f;
  f.submit(put("a", "1"));
  f.submit(put("b", "2"));
  BOOST_TEST(f.writes.size() == 2U);
  auto waiting = Task<bool>(f.worker.context(), wait_for(f.writes, f.wakeup));
  auto second = std::move(f.bus.published.back());
  f.bus.published.pop_back();
  f.order();
  BOOST_TEST(!f.writes.settled());
  BOOST_TEST(!waiting.done());
  f.bus.published.push_back(std::move(second));
  f.order();
  BOOST_TEST(f.writes.settled());
  BOOST_TEST(waiting.done());
}

BOOST_AUTO_TEST_CASE(answers_come_in_the_order_of_the_requests_not_of_the_verdicts) {
  Fixture f;
  f.submit(put("a", "1"), WriteForm::put, asked_as("first"));
  f.submit(put("b", "2"), WriteForm::put, asked_as("second"));
  std::swap(f.bus.published[0], f.bus.published[1]);
  f.order();
  f.writes.answer(f.out);
  Answer first = f.answer();
  BOOST_TEST(first.field("Kvs-Request-Id") == "first");
  BOOST_TEST(first.field("ETag") == "\"2\"");
  Answer second = f.answer();
  BOOST_TEST(second.field("Kvs-Request-Id") == "second");
  BOOST_TEST(second.field("ETag") == "\"1\"");
  BOOST_TEST(f.writes.empty());
}

BOOST_AUTO_TEST_CASE(each_write_is_answered_in_the_manner_of_its_request) {
  Fixture f;
  f.submit(put("a", "1", {Condition{Condition::Kind::exists, {}, {}}}), WriteForm::legacy_set, plainly());
  f.submit(put("a", "1", {Condition{Condition::Kind::exists, {}, {}}}));
  f.order();
  f.writes.answer(f.out);
  BOOST_TEST(f.answer().field("Content-Type") == "text/plain; charset=utf-8");
  BOOST_TEST(f.answer().field("Content-Type") == "application/problem+json");
}

BOOST_AUTO_TEST_CASE(the_connection_ends_if_the_last_write_wants_it_or_the_server_drains) {
  Fixture f;
  f.submit(put("a", "1"));
  f.order();
  BOOST_TEST(!f.writes.answer(f.out));
  f.submit(put("a", "2"), WriteForm::put, for_the_last_time());
  f.order();
  BOOST_TEST(f.writes.answer(f.out));
  f.submit(put("a", "3"));
  f.submit(put("a", "4"));
  f.worker.drain();
  f.order();
  BOOST_TEST(f.writes.answer(f.out));
  BOOST_TEST(!f.answer().closes());
  BOOST_TEST(f.answer().closes());
  BOOST_TEST(!f.answer().closes());  // only the last of two may say so: the client would not read on
  BOOST_TEST(f.answer().closes());
}

BOOST_AUTO_TEST_CASE(given_up_writes_are_unknown_but_those_that_have_their_verdict_keep_it) {
  Fixture f;
  f.submit(put("a", "1"));
  f.submit(put("b", "2"));
  auto second = std::move(f.bus.published.back());
  f.bus.published.pop_back();
  f.order();
  f.writes.abandon();
  BOOST_TEST(f.writes.settled());
  f.writes.answer(f.out);
  BOOST_TEST(f.answer().status == 201);
  BOOST_TEST(f.answer().code() == "outcome_unknown");
  f.bus.published.push_back(std::move(second));
  f.order();  // its verdict comes late, and finds nobody
  BOOST_TEST(f.writes.empty());
  BOOST_TEST(f.state() == "a=1@1 b=2@2 ");
}

BOOST_AUTO_TEST_CASE(writes_that_are_gone_are_not_told) {
  NetFixture f;
  f.load();
  Wakeup wakeup(f.worker.executor());
  {
    PendingWrites writes(f.worker, wakeup);
    Manners manners;
    writes.submit(put("a", "1"), WriteForm::put, manners);
  }
  f.order();
  BOOST_TEST(f.state() == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(what_a_412_says_of_the_key) {
  BOOST_TEST(current_members(nullptr) == "\"current_revision\":0,\"current\":null");
  std::string of_record = current_members(set(7, "a", "1").record.get());
  BOOST_TEST(of_record.starts_with("\"current_revision\":7,\"current\":{\"key\":\"a\",\"value\":\"1\",\"revision\":7"));
}

BOOST_AUTO_TEST_SUITE_END()
