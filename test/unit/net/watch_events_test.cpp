#include "kvs/net/watch_events.hpp"

#include <boost/test/unit_test.hpp>

#include "kvs/net/chunked.hpp"
#include "kvs/net/record_json.hpp"
#include "kvs/store/state.hpp"
#include "server_frames.hpp"
#include "test/unit/store/changes.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::uint64_t endless = UINT64_MAX;
using Texts = std::vector<std::string>;

std::string event(const Change& change, bool more = false) {
  std::string text;
  append_event(text, change, ValueForm::value, {.more = more});
  return text;
}
std::string legacy(const Change& change) {
  std::string text;
  append_legacy_event(text, change, "topic");
  return text;
}

// The changes of one commit: two of revision 2.
const Changes some{set(1, "a", "1"), set(2, "b", "2"), removed(2, "c"), set(4, "a", "4")};

const Rendering& shared(const Commit& commit, WatchForm form = WatchForm::messages) {
  return shared_events(commit, form, LogId{7}, "topic");
}

struct Sent {
  Texts texts;
  Appended appended;
};

Sent send(const Changes& changes, const WatchRequest& request, std::uint64_t after = 0, std::uint64_t left = endless) {
  Commit commit(no_revision, changes);
  EventFrames frames(request.form, false, LogId{});
  Appended appended = append_changes(frames, commit, Revision{after}, request, left, "topic");
  return {messages(frames.out()), appended};
}

WatchRequest of_keys(std::vector<std::string> keys) {
  WatchRequest request;
  request.filter.keys = std::move(keys);
  return request;
}
WatchRequest legacy_watch(bool deletes) {
  WatchRequest request;
  request.form = WatchForm::legacy;
  if (!deletes) request.ops = request.default_ops();
  return request;
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Texts)

BOOST_AUTO_TEST_SUITE(watch_events)

BOOST_AUTO_TEST_CASE(a_commit_is_one_message_for_all_who_want_everything) {
  Commit commit(no_revision, some);
  const Rendering& rendering = shared(commit);
  std::string all =
      '[' + event(some[0]) + ',' + event(some[1], true) + ',' + event(some[2]) + ',' + event(some[3]) + ']';
  BOOST_TEST(messages(rendering.bytes) == Texts{all});
  BOOST_TEST(&shared(commit) == &rendering);
}

BOOST_AUTO_TEST_CASE(of_a_commit_beyond_64_mib_a_choice_is_the_same) {
  Changes changes;
  for (std::uint64_t i = 1; i <= 12; ++i)  // each byte is six in JSON
    changes.push_back(set(i / 2 + 1, i % 2 ? "odd" : "even", std::string(1024 * 1024, static_cast<char>(i))));
  WatchRequest request = of_keys({"even"});
  Texts expected;
  for (std::size_t i = 1; i < changes.size(); i += 2) expected.push_back('[' + event(changes[i]) + ']');
  bool same = send(changes, request).texts == expected;
  BOOST_TEST(same);
}

BOOST_AUTO_TEST_CASE(a_large_commit_is_several_messages_of_about_64_kib) {
  Changes changes;
  for (std::uint64_t i = 1; i <= 40; ++i) changes.push_back(set(i, "k", std::string(10'000, 'x')));
  Commit commit(no_revision, changes);
  Texts texts = messages(shared(commit).bytes);
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
  Texts texts = messages(shared(commit).bytes);
  BOOST_TEST(texts.size() == 2U);
  BOOST_TEST(texts.back() == '[' + event(changes.back()) + ']');
  BOOST_TEST((send(changes, {}).texts == texts));
}

BOOST_AUTO_TEST_CASE(the_legacy_form_is_one_message_a_set) {
  Commit commit(no_revision, some);
  const Rendering& rendering = shared(commit, WatchForm::legacy);
  BOOST_TEST(messages(rendering.bytes) == (Texts{legacy(some[0]), legacy(some[1]), legacy(some[3])}));
  BOOST_TEST(&shared(commit, WatchForm::legacy) == &rendering);
}

BOOST_AUTO_TEST_CASE(a_commit_of_deletes_is_nothing_in_the_legacy_form) {
  Commit commit(no_revision, {removed(1, "a")});
  BOOST_TEST(shared(commit, WatchForm::legacy).bytes == "");
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
  BOOST_TEST(sent.texts == Texts{'[' + event(some[1], true) + ',' + event(some[2]) + ',' + event(some[3]) + ']'});
  BOOST_TEST(sent.appended.count == 3U);
  BOOST_TEST(send(some, {}, 4).texts == Texts{});
}

BOOST_AUTO_TEST_CASE(a_count_ends_it_behind_the_revision_that_reaches_it) {
  Sent one = send(some, {}, 0, 1);
  BOOST_TEST(one.texts == Texts{'[' + event(some[0]) + ']'});
  BOOST_TEST((one.appended.last == Revision{1}));
  Sent two = send(some, {}, 0, 2);
  BOOST_TEST(two.texts == Texts{'[' + event(some[0]) + ',' + event(some[1], true) + ',' + event(some[2]) + ']'});
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

BOOST_AUTO_TEST_CASE(more_is_said_of_what_the_watch_wants_itself) {
  const Changes three{set(1, "a", "1"), set(1, "b", "2"), set(1, "c", "3")};
  BOOST_TEST(send(three, of_keys({"a", "c"})).texts ==
             Texts{'[' + event(three[0], true) + ',' + event(three[2]) + ']'});
  BOOST_TEST(send(three, of_keys({"a"})).texts == Texts{'[' + event(three[0]) + ']'});
  BOOST_TEST(messages(shared(Commit(no_revision, three)).bytes) ==
             Texts{'[' + event(three[0], true) + ',' + event(three[1], true) + ',' + event(three[2]) + ']'});
}

BOOST_AUTO_TEST_CASE(ops_choose_among_the_kinds_of_change) {
  WatchRequest request;
  request.ops = Ops{}.with(Op::remove);
  BOOST_TEST(send(some, request).texts == Texts{'[' + event(some[2]) + ']'});
  request.ops = Ops{}.with(Op::set).with(Op::expire);
  Sent sent = send(some, request, 1);
  BOOST_TEST(sent.texts == Texts{'[' + event(some[1]) + ',' + event(some[3]) + ']'});
  BOOST_TEST(sent.appended.count == 2U);
}

BOOST_AUTO_TEST_CASE(sizes_come_in_place_of_values_and_what_was_there_before_if_asked_for) {
  Change change = set(2, "a", "22");
  change.previous = set(1, "a", "1").record;
  WatchRequest request;
  request.previous = true;
  std::string text = send({change}, request).texts.at(0);
  BOOST_TEST(text.ends_with(R"(,"prev":{"value":"1","revision":1}}])"), text);
  request.value = ValueForm::size;
  text = send({change}, request).texts.at(0);
  BOOST_TEST(text.find(R"("key":"a","size":2,)") != std::string::npos, text);
  BOOST_TEST(text.ends_with(R"(,"prev":{"size":1,"revision":1}}])"), text);
  BOOST_TEST(text.find("value") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(an_event_stream_has_its_position_on_the_last_event_of_a_revision) {
  std::string bytes = shared(Commit(no_revision, some), WatchForm::event_stream).bytes;
  std::string log = "@0000000000000007\n\n";
  std::string body = "data: " + event(some[0]) + "\nid: 1" + log + "data: " + event(some[1], true) +
                     "\n\ndata: " + event(some[2]) + "\nid: 2" + log + "data: " + event(some[3]) + "\nid: 4" + log;
  std::string chunk;
  append_chunk(chunk, body);
  BOOST_TEST(bytes == chunk);
}

BOOST_AUTO_TEST_CASE(lines_are_one_event_each) {
  std::string body, chunk;
  for (std::size_t i = 0; i < some.size(); ++i) body += event(some[i], i == 1) + '\n';
  append_chunk(chunk, body);
  BOOST_TEST(shared(Commit(no_revision, some), WatchForm::lines).bytes == chunk);
  WatchRequest request;
  request.form = WatchForm::lines;
  EventFrames whole(WatchForm::lines, false, LogId{});
  append_changes(whole, Commit(no_revision, some), no_revision, request, endless, "topic");
  BOOST_TEST(whole.out() == body);
}

BOOST_AUTO_TEST_CASE(an_array_goes_on_until_it_is_finished) {
  EventFrames frames(WatchForm::array, false, LogId{});
  for (std::string_view event : {"{1}", "{2}", "{3}"}) {
    frames.begin() += event;
    frames.end();
    frames.flush();
  }
  BOOST_TEST(frames.out() == "[{1},{2},{3}");
  frames.finish();
  BOOST_TEST(frames.out() == "[{1},{2},{3}]\n");
  EventFrames empty(WatchForm::array, false, LogId{});
  empty.finish();
  BOOST_TEST(empty.out() == "[]\n");
}

BOOST_AUTO_TEST_CASE(only_the_newest_change_of_a_key_is_not_replaced) {
  std::vector<CommitRef> commits{std::make_shared<Commit>(no_revision, some)};
  StateEditor editor{State{}};
  editor.put(some[1].record);
  editor.put(set(5, "a", "5").record);
  State state = editor.commit(Revision{5}, {});
  Newest newest(state, commits);
  BOOST_TEST(newest.replaced(some[0]));
  BOOST_TEST(!newest.replaced(some[1]));
  BOOST_TEST(!newest.replaced(some[2]));
  BOOST_TEST(newest.replaced(some[3]));  // by what is in no commit yet
  EventFrames frames(WatchForm::messages, false, LogId{});
  Appended appended = append_changes(frames, *commits[0], no_revision, {}, endless, "topic", &newest);
  BOOST_TEST(appended.count == 2U);
  BOOST_TEST(appended.skipped == 2U);
}

BOOST_AUTO_TEST_CASE(a_message_of_one_event_may_have_any_size) {
  for (std::size_t size : {1, 123, 124, 125, 65'533, 65'534, 100'000}) {
    EventFrames frames(WatchForm::messages, false, LogId{});
    frames.begin() += std::string(size, 'e');
    frames.end();
    frames.flush();
    BOOST_TEST((messages(frames.out()) == Texts{'[' + std::string(size, 'e') + ']'}), size);
  }
}

BOOST_AUTO_TEST_CASE(no_empty_message_is_made) {
  EventFrames frames(WatchForm::messages, false, LogId{});
  frames.flush();
  frames.end_revision();
  BOOST_TEST(frames.out() == "");
  frames.begin() += "{}";
  frames.end_revision();  // too little for a message
  BOOST_TEST(frames.out() == "");
  frames.begin() += "{}";
  frames.flush();
  frames.flush();
  BOOST_TEST(messages(frames.out()) == Texts{"[{},{}]"});
}

BOOST_AUTO_TEST_SUITE_END()
