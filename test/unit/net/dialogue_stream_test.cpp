// Bodies made while they are sent: the snapshot and the legacy listing.
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include "conversation.hpp"
#include "kvs/net/chunked.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/snapshot_format.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture : NetFixture {
  Fixture() { load(); }
  Conversation talk{*this};

  // Enough for several pieces.
  Fixture& fill() {
    std::vector<Command> all;
    for (int i = 100; i < 600; ++i) all.push_back(put("key" + std::to_string(i), std::string(1000, 'x')));
    order(std::move(all));
    return *this;
  }
  bool streams() { return talk.need() == Dialogue::Need::stream; }
  // What is left of the stream goes out, and the conversation goes on. The longest piece.
  std::size_t send_rest() {
    std::size_t longest = 0;
    bool more = true;
    while (more) {
      std::size_t before = talk.dialogue().output().size();
      more = talk.dialogue().next_piece();
      longest = std::max(longest, talk.dialogue().output().size() - before);
    }
    talk.dialogue().stream_done();
    talk.say("");
    return longest;
  }
  // An answer in chunks, at the front of what was heard.
  Answer streamed() {
    std::string heard = talk.hear();
    Answer answer;
    auto end = heard.find("\r\n\r\n");
    BOOST_TEST_REQUIRE(end != std::string::npos);
    answer.head = heard.substr(0, end + 2);
    answer.status = std::stoi(answer.head.substr(9));
    ChunkedDecoder decoder(1 << 30);
    std::string_view rest = std::string_view(heard).substr(end + 4);
    BOOST_TEST((decoder.feed(rest, answer.body) == ChunkedDecoder::Status::done));
    behind = rest;
    return answer;
  }
  std::string behind;  // the streamed answer
};

LoadedSnapshot loaded(const std::string& bytes) {
  TemporaryDirectory directory;
  PosixFiles files;
  auto path = directory.path() / "snapshot";
  auto file = files.create(path);
  file->write(0, bytes);
  return load_snapshot(*file, path);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dialogue_stream)

BOOST_AUTO_TEST_CASE(a_snapshot_is_the_state_with_its_revision_log_id_and_bookmark) {
  Fixture f;
  f.fill().talk.say(get("/v1/snapshot"));
  BOOST_TEST(f.streams());
  std::size_t longest = f.send_rest();
  BOOST_TEST(longest < 256U * 1024);
  Answer answer = f.streamed();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.field("Transfer-Encoding") == "chunked");
  BOOST_TEST(answer.field("Content-Type") == "application/octet-stream");
  BOOST_TEST(answer.field("Content-Disposition") == "attachment; filename=\"snapshot-0000000000000500\"");
  BOOST_TEST(answer.field("Cache-Control") == "no-store");
  BOOST_TEST(answer.field("Kvs-Revision") == "500");
  LoadedSnapshot snapshot = loaded(answer.body);
  BOOST_TEST((snapshot.header.revision == Revision{500}));
  BOOST_TEST((snapshot.header.log_id == f.store.log_id()));
  BOOST_TEST(snapshot.bookmark == "at 500");
  BOOST_TEST(text(snapshot.state) == f.state());
}

BOOST_AUTO_TEST_CASE(writes_while_it_is_sent_are_not_in_it) {
  Fixture f;
  f.fill().talk.say(get("/v1/snapshot"));
  std::string before = f.state();
  f.talk.dialogue().next_piece();
  f.order(commands(put("key100", "changed"), put("zzz", "new")));
  f.send_rest();
  LoadedSnapshot snapshot = loaded(f.streamed().body);
  BOOST_TEST(text(snapshot.state) == before);
  BOOST_TEST(snapshot.bookmark == "at 500");
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_nothing_is_one_too) {
  Fixture f;
  f.talk.say(get("/v1/snapshot"));
  f.send_rest();
  Answer answer = f.streamed();
  BOOST_TEST(answer.field("Kvs-Revision") == "0");
  BOOST_TEST(loaded(answer.body).state.size() == 0U);
}

BOOST_AUTO_TEST_CASE(the_requests_behind_a_stream_are_answered_behind_it) {
  Fixture f;
  f.fill().talk.say(get("/v1/snapshot") + get("/livez"));
  f.send_rest();
  f.streamed();
  BOOST_TEST(take_answer(f.behind).body == "ok\n");
}

BOOST_AUTO_TEST_CASE(a_snapshot_waits_as_other_reads) {
  Fixture f;
  f.talk.say(get("/v1/snapshot?min_revision=1"));
  BOOST_TEST((f.talk.need() == Dialogue::Need::state));
  f.apply(put("a", "1"));
  f.talk.say("");
  f.send_rest();
  BOOST_TEST(text(loaded(f.streamed().body).state) == "a=1@1 ");
}

BOOST_AUTO_TEST_CASE(the_head_of_a_snapshot_comes_alone) {
  Fixture f;
  f.fill().talk.say(request("HEAD", "/v1/snapshot"));
  BOOST_TEST(f.talk.idle());
  Answer answer = f.talk.answer_to_head();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.field("Content-Disposition") == "attachment; filename=\"snapshot-0000000000000500\"");
  BOOST_TEST(f.talk.hear() == "");
  BOOST_TEST(f.counters.snapshots.load() == 0U);
}

BOOST_AUTO_TEST_CASE(in_http_1_0_the_end_of_the_connection_ends_it) {
  Fixture f;
  f.fill().talk.say("GET /v1/snapshot HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  f.send_rest();
  BOOST_TEST(f.talk.closed());
  std::string heard = f.talk.hear();
  auto end = heard.find("\r\n\r\n");
  BOOST_TEST(heard.substr(0, end).find("Connection: close") != std::string::npos);
  BOOST_TEST(heard.find("Transfer-Encoding") == std::string::npos);
  BOOST_TEST(text(loaded(heard.substr(end + 4)).state) == f.state());
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_to_close_gets_its_chunks_all_the_same) {
  Fixture f;
  f.fill().talk.say(get("/v1/snapshot", "Connection: close\r\n"));
  f.send_rest();
  BOOST_TEST(f.talk.closed());
  BOOST_TEST(f.streamed().closes());
}

BOOST_AUTO_TEST_CASE(only_so_many_snapshots_are_sent_at_once) {
  Fixture f;
  f.fill();
  std::vector<std::unique_ptr<Conversation>> all;
  for (std::size_t i = 0; i < max_snapshots_sent; ++i) {
    all.push_back(std::make_unique<Conversation>(f));
    all.back()->say(get("/v1/snapshot"));
    BOOST_TEST((all.back()->need() == Dialogue::Need::stream));
  }
  Answer answer = f.talk.ask(get("/v1/snapshot"));
  BOOST_TEST(answer.status == 429);
  BOOST_TEST(answer.field("Retry-After") == "1");
  all.pop_back();  // that client has gone in the middle of it
  f.talk.say(get("/v1/snapshot"));
  BOOST_TEST(f.streams());
  f.send_rest();
  f.streamed();
  BOOST_TEST(f.counters.snapshots.load() == max_snapshots_sent - 1);
}

BOOST_AUTO_TEST_CASE(a_large_legacy_listing_comes_in_pieces_and_is_one_json_object) {
  Fixture f;
  f.fill().talk.say(get("/getall") + get("/livez"));
  BOOST_TEST(f.streams());
  f.order(commands(put("key100", "changed")));
  std::size_t longest = f.send_rest();
  BOOST_TEST(longest < 2 * flush_above);
  Answer answer = f.streamed();
  BOOST_TEST(answer.field("Kvs-Revision") == "500");
  BOOST_TEST(answer.field("Content-Type") == "text/plain; charset=utf-8");
  BOOST_TEST(answer.body.ends_with("}\n"));
  auto object = boost::json::parse(answer.body).as_object();
  BOOST_TEST(object.size() == 500U);
  BOOST_TEST(object.at("key100").as_string().size() == 1000U);
  BOOST_TEST(take_answer(f.behind).body == "ok\n");
}

BOOST_AUTO_TEST_SUITE_END()
