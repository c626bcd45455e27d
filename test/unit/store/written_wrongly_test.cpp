// Files whose checksums are right and whose contents are not: nothing of them is taken at its word.
#include <boost/test/unit_test.hpp>

#include "changes.hpp"
#include "faulty_files.hpp"
#include "kvs/store/damaged_journal.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal.hpp"
#include "kvs/store/journal_format.hpp"
#include "kvs/store/snapshot_format.hpp"
#include "kvs/store/tombstone.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

const std::filesystem::path directory = "/data";
constexpr LogId log_id{6};

// Whether these changes can be read back from a batch that says its last is `last`.
bool readable(std::uint64_t last, const Changes& changes) {
  std::string bytes;
  BatchPlace place{log_id, 1, SegmentHeader::size};
  encode_batch(place, {1, 0, Revision{last}}, {}, changes, bytes);
  auto batch = parse_batch(bytes, place);
  BOOST_REQUIRE(batch.has_value());
  Changes read;
  return decode_changes(*batch, no_revision, Answers::include, read);
}

bool is_header(SegmentHeader header) {
  std::string bytes;
  encode_segment_header(header, bytes);
  return decode_segment_header(bytes, "segment").has_value();
}

RecordRef answer(std::string_view request_key, std::uint64_t place) {
  auto record = Record::make(request_key, std::string("answer of ") + std::to_string(place));
  record->stamp(Revision{place}, no_revision, 0, LogTime{});
  return record;
}

// The state once written out and read back; throws as load_snapshot() does.
State through_a_snapshot(const State& state) {
  FaultyFiles files;
  auto file = files.create("snapshot");
  SnapshotEncoder encoder(state, log_id, {});
  for (auto piece = encoder.next(); !piece.empty(); piece = encoder.next()) file->write(file->size(), piece);
  return load_snapshot(*file, "snapshot").state;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(written_wrongly)

BOOST_AUTO_TEST_CASE(a_segment_begins_at_a_place_that_is_not_below_its_changes) {
  BOOST_TEST(is_header({log_id, 1, Revision{7}, Revision{7}, 1}));
  BOOST_TEST(!is_header({log_id, 1, Revision{8}, Revision{7}, 1}));
  BOOST_TEST(!is_header({log_id, 1, Revision{7}, Revision{max_revision_number + 1}, 1}));
  BOOST_TEST(!is_header({log_id, 0, Revision{7}, Revision{7}, 1}));
  BOOST_TEST(!is_header({log_id, 1, Revision{7}, Revision{7}, 0}));
}

BOOST_AUTO_TEST_CASE(the_changes_of_a_batch_rise_up_to_its_last) {
  BOOST_TEST(readable(7, {set(5, "a", "1"), set(5, "b", "2"), set(7, "a", "3")}));
  BOOST_TEST(!readable(7, {set(7, "a", "1"), set(5, "b", "2")}));
  BOOST_TEST(!readable(6, {set(5, "a", "1"), set(7, "b", "2")}));
  BOOST_TEST(!readable(7, {set(5, "", "1")}));
}

BOOST_AUTO_TEST_CASE(a_batch_with_changes_of_the_one_before_is_refused) {
  FaultyFiles files;
  std::string bytes;
  encode_segment_header({log_id, 1, no_revision, no_revision, 1}, bytes);
  encode_batch({log_id, 1, bytes.size()}, {1, 0, Revision{5}}, {}, {set(5, "a", "1")}, bytes);
  encode_batch({log_id, 1, bytes.size()}, {2, 1, Revision{6}}, {}, {set(5, "a", "2"), set(6, "b", "3")}, bytes);
  auto path = segment_path(directory, 1);
  files.create(path);
  files.overwrite(path, 0, bytes);
  Journal journal(files, directory, {});
  BOOST_CHECK_THROW(journal.recover(), DamagedJournal);
}

BOOST_AUTO_TEST_CASE(a_tombstone_names_its_revision_and_a_key) {
  for (const std::string& key : {std::string("short"), tombstone_order(Revision{5}),
                                 tombstone_order(Revision{4}) + "key", tombstone_order(Revision{5}) + "key"}) {
    StateEditor editor{State{}};
    auto record = Record::make(key, std::string_view{});
    record->stamp(Revision{5}, Revision{1}, 1, LogTime{});
    editor.bury(record);
    State state = editor.commit(Revision{5}, LogTime{});
    if (is_tombstone(*record)) {
      BOOST_TEST(through_a_snapshot(state).tombstones() == 1);
    } else {
      BOOST_CHECK_THROW(through_a_snapshot(state), DamagedData);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_twice_is_remembered_once) {
  StateEditor once{State{}, {.answers = 2}};
  once.remember(answer("key", 8));
  StateEditor twice{State{}, {.answers = 2}};
  twice.remember(answer("key", 7));
  twice.remember(answer("key", 8));
  BOOST_TEST(twice.digest() == once.digest());
  for (StateEditor* editor : {&once, &twice}) {
    editor->remember(answer("next", 9));
    editor->remember(answer("last", 10));
  }
  BOOST_TEST(twice.digest() == once.digest());
  BOOST_TEST(twice.state().answer("key") == nullptr);
  BOOST_TEST(twice.state().answer("next") != nullptr);
}

BOOST_AUTO_TEST_CASE(answers_of_one_place_are_two_answers) {
  StateEditor editor{State{}, {.answers = 2}};
  editor.remember(answer("one", 7));
  editor.remember(answer("other", 7));
  editor.remember(answer("later", 8));
  BOOST_TEST(editor.state().answer("one") == nullptr);
  BOOST_TEST(editor.state().answer("other") != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
