#include "kvs/net/watch_messages.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/net/record_json.hpp"
#include "server_frames.hpp"
#include "test/unit/store/changes.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::uint64_t endless = UINT64_MAX;
using Texts = std::vector<std::string>;

std::string event(const Change& change) {
  std::string text;
  append_event(text, change);
  return text;
}
std::string legacy(const Change& change) {
  std::string text;
  append_legacy_event(text, change, "topic");
  return text;
}

// The changes of one commit: two of revision 2.
const Changes some{set(1, "a", "1"), set(2, "b", "2"), removed(2, "c"), set(4, "a", "4")};

struct Sent {
  Texts texts;
  Appended appended;
};

Sent send(const Changes& changes, const WatchRequest& request, std::uint64_t after = 0, std::uint64_t left = endless) {
  Commit commit(no_revision, changes);
  std::string out;
  Appended appended = append_messages(out, commit, Revision{after}, request, left, "topic");
  return {messages(out), appended};
}

WatchRequest of_keys(std::vector<std::string> keys) {
  WatchRequest request;
  request.filter.keys = std::move(keys);
  return request;
}
WatchRequest legacy_watch(bool deletes) {
  WatchRequest request;
  request.form = WatchForm::legacy;
  request.deletes = deletes;
  return request;
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Texts)

BOOST_AUTO_TEST_SUITE(watch_messages)

BOOST_AUTO_TEST_CASE(a_commit_is_one_message_for_all_who_want_everything) {
  Commit commit(no_revision, some);
  const Rendering& rendering = shared_messages(commit);
  std::string all = '[' + event(some[0]) + ',' + event(some[1]) + ',' + event(some[2]) + ',' + event(some[3]) + ']';
  BOOST_TEST(messages(rendering.bytes) == Texts{all});
  BOOST_TEST(&shared_messages(commit) == &rendering);
}

BOOST_AUTO_TEST_CASE(a_large_commit_is_several_messages_of_about_64_kib) {
  Changes changes;
  for (std::uint64_t i = 1; i <= 40; ++i) changes.push_back(set(i, "k", std::string(10'000, 'x')));
  Commit commit(no_revision, changes);
  Texts texts = messages(shared_messages(commit).bytes);
  BOOST_TEST(texts.size() == 6U);
  std::string joined;
  for (const std::string& text : texts) {
    BOOST_TEST(text.size() < event_message_bytes + 11'000);
    BOOST_TEST((text.front() == '[' && text.back() == ']'));
    joined += text.substr(1, text.size() - 2) + ',';
  }
  std::string expected;
  for (const Change& change : changes) expected += event(change) + ',';
  BOOST_TEST((joined == expected));
}

BOOST_AUTO_TEST_CASE(a_revision_is_never_split) {
  Changes changes;
  for (int i = 0; i < 20; ++i) changes.push_back(set(1, "k" + std::to_string(i), std::string(10'000, 'x')));
  changes.push_back(set(2, "behind", "1"));
  Commit commit(no_revision, changes);
  Texts shared = messages(shared_messages(commit).bytes);
  BOOST_TEST(shared.size() == 2U);
  BOOST_TEST(shared.back() == '[' + event(changes.back()) + ']');
  BOOST_TEST((send(changes, {}).texts == shared));
}

BOOST_AUTO_TEST_CASE(the_legacy_form_is_one_message_a_set) {
  Commit commit(no_revision, some);
  const Rendering& rendering = shared_legacy_messages(commit, "topic");
  BOOST_TEST(messages(rendering.bytes) == (Texts{legacy(some[0]), legacy(some[1]), legacy(some[3])}));
  BOOST_TEST(&shared_legacy_messages(commit, "topic") == &rendering);
}

BOOST_AUTO_TEST_CASE(a_commit_of_deletes_is_nothing_in_the_legacy_form) {
  Commit commit(no_revision, {removed(1, "a")});
  BOOST_TEST(shared_legacy_messages(commit, "topic").bytes == "");
}

BOOST_AUTO_TEST_CASE(a_filter_chooses_among_the_changes) {
  Sent sent = send(some, of_keys({"a"}));
  BOOST_TEST(sent.texts == Texts{'[' + event(some[0]) + ',' + event(some[3]) + ']'});
  BOOST_TEST(sent.appended.count == 2U);
  BOOST_TEST((sent.appended.last == Revision{4}));
}

BOOST_AUTO_TEST_CASE(no_wanted_change_is_no_message) {
  Sent sent = send(some, of_keys({"other"}));
  BOOST_TEST(sent.texts == Texts{});
  BOOST_TEST(sent.appended.count == 0U);
  BOOST_TEST((sent.appended.last == no_revision));
}

BOOST_AUTO_TEST_CASE(a_watch_gets_only_what_comes_after_its_cursor) {
  Sent sent = send(some, {}, 1);
  BOOST_TEST(sent.texts == Texts{'[' + event(some[1]) + ',' + event(some[2]) + ',' + event(some[3]) + ']'});
  BOOST_TEST(sent.appended.count == 3U);
  BOOST_TEST(send(some, {}, 4).texts == Texts{});
}

BOOST_AUTO_TEST_CASE(a_count_ends_it_behind_the_revision_that_reaches_it) {
  Sent one = send(some, {}, 0, 1);
  BOOST_TEST(one.texts == Texts{'[' + event(some[0]) + ']'});
  BOOST_TEST((one.appended.last == Revision{1}));
  Sent two = send(some, {}, 0, 2);
  BOOST_TEST(two.texts == Texts{'[' + event(some[0]) + ',' + event(some[1]) + ',' + event(some[2]) + ']'});
  BOOST_TEST(two.appended.count == 3U);
  BOOST_TEST((two.appended.last == Revision{2}));
}

BOOST_AUTO_TEST_CASE(a_count_counts_only_what_is_wanted) {
  Sent sent = send(some, of_keys({"a"}), 0, 2);
  BOOST_TEST(sent.texts == Texts{'[' + event(some[0]) + ',' + event(some[3]) + ']'});
}

BOOST_AUTO_TEST_CASE(a_legacy_watch_may_ask_for_deletes) {
  Sent with = send(some, legacy_watch(true), 1);
  BOOST_TEST(with.texts == (Texts{legacy(some[1]), legacy(some[2]), legacy(some[3])}));
  BOOST_TEST(with.appended.count == 3U);
  Sent without = send(some, legacy_watch(false), 1);
  BOOST_TEST(without.texts == (Texts{legacy(some[1]), legacy(some[3])}));
  BOOST_TEST(without.appended.count == 2U);
}

BOOST_AUTO_TEST_CASE(messages_are_appended) {
  std::string out = "\x89";
  out += '\0';
  append_event_message(out, "{}");
  BOOST_TEST(messages(out) == (Texts{"(not a text)", "[{}]"}));
}

BOOST_AUTO_TEST_CASE(a_message_of_one_event_may_have_any_size) {
  for (std::size_t size : {1, 123, 124, 125, 65'533, 65'534, 100'000}) {
    std::string out;
    append_event_message(out, std::string(size, 'e'));
    BOOST_TEST((messages(out) == Texts{'[' + std::string(size, 'e') + ']'}), size);
  }
}

BOOST_AUTO_TEST_CASE(a_builder_makes_no_empty_message) {
  std::string out;
  MessageBuilder builder(out);
  builder.flush();
  builder.end_revision();
  BOOST_TEST(out == "");
  builder.begin_event() += "{}";
  builder.end_revision();  // too little for a message
  BOOST_TEST(out == "");
  builder.begin_event() += "{}";
  builder.flush();
  builder.flush();
  BOOST_TEST(messages(out) == Texts{"[{},{}]"});
}

BOOST_AUTO_TEST_SUITE_END()
