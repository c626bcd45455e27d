#include <boost/test/unit_test.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>

#include "kvs/store/snapshot_format.hpp"
#include "snapshot_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::size_t plenty = 1 << 30;

LoadedSnapshot load(const std::string& bytes) {
  FaultyFiles files;
  files.create("/snapshot")->write(0, bytes);
  return load_snapshot(*files.open_to_read("/snapshot"), "/snapshot");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(snapshot_test, SnapshotFixture)

BOOST_AUTO_TEST_CASE(a_snapshot_is_the_state_it_was_made_of) {
  for (std::uint64_t count : {0, 1, 10, 5000}) {
    auto all = many(count, 100);
    auto loaded = load(encoded(all));
    BOOST_TEST(text(loaded.state) == text(all));
    BOOST_TEST((loaded.state.revision() == all.revision()));
    BOOST_TEST((loaded.state.time() == all.time()));
    BOOST_TEST(loaded.state.bytes() == all.bytes());
    BOOST_TEST(number(loaded.header.log_id) == 77u);
    BOOST_TEST(loaded.bookmark == "5");
  }
}

BOOST_AUTO_TEST_CASE(a_value_larger_than_a_block_fits) {
  auto all = many(3, 1'000'000);
  BOOST_TEST((text(load(encoded(all)).state) == text(all)));
}

BOOST_AUTO_TEST_CASE(a_snapshot_cut_anywhere_is_no_snapshot) {
  auto bytes = encoded(many(20, 10));
  for (std::size_t size = 0; size < bytes.size(); ++size) BOOST_REQUIRE_THROW(load(bytes.substr(0, size)), DamagedData);
  BOOST_REQUIRE_THROW(load(bytes + 'x'), DamagedData);
}

BOOST_AUTO_TEST_CASE(a_snapshot_with_any_byte_changed_is_no_snapshot) {
  auto bytes = encoded(many(20, 10));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    BOOST_REQUIRE_THROW(load(damaged), DamagedData);
  }
}

BOOST_AUTO_TEST_CASE(a_start_begins_with_the_snapshot_and_goes_on_with_the_journal) {
  open();
  append(30);
  BOOST_TEST(snapshot());
  append(10);
  auto expected = text(state);
  open();
  BOOST_TEST(text(found.state) == expected);
  BOOST_TEST((found.log_id == log_id));
  BOOST_TEST(found.bookmark == "40");
  BOOST_TEST(found.notes == "");
}

BOOST_AUTO_TEST_CASE(a_start_right_after_a_snapshot_needs_no_journal) {
  open();
  append(30);
  snapshot();
  auto expected = text(state);
  journal.reset();
  for (const auto& name : files.names()) {
    if (name.starts_with("journal-")) files.remove(directory / name);
  }
  open();
  BOOST_TEST(text(found.state) == expected);
  BOOST_TEST(number(journal->oldest()) == 30u);
  BOOST_TEST(found.bookmark == "30");
  append(5);
  expected = text(state);
  open();
  BOOST_TEST(text(found.state) == expected);
}

BOOST_AUTO_TEST_CASE(the_two_newest_snapshots_stay_and_the_journal_after_the_older_one) {
  options.history_bytes = 1;
  open();
  append(100);
  auto before = segments();
  snapshot();
  BOOST_TEST(segments() == before);  // the newest may turn out to be damaged
  append(100);
  snapshot();
  BOOST_TEST(segments() < before + 2);
  append(100);
  snapshot();
  BOOST_TEST(!has_snapshot(100));
  BOOST_TEST(has_snapshot(200));
  BOOST_TEST(has_snapshot(300));
  BOOST_TEST(number(journal->oldest()) > 200u);
}

BOOST_AUTO_TEST_CASE(the_history_window_outlives_the_snapshots) {
  options.history_bytes = 1 << 20;
  open();
  for (int n = 0; n < 4; ++n) {
    append(100);
    snapshot();
  }
  BOOST_TEST(number(journal->oldest()) == 0u);
  BOOST_TEST(journal->read(no_revision, plenty).size() == 400u);
}

BOOST_AUTO_TEST_CASE(a_damaged_snapshot_is_left_out_for_the_one_before) {
  options.history_bytes = 1;
  open();
  for (int n = 0; n < 3; ++n) {
    append(100);
    snapshot();
  }
  append(10);
  auto expected = text(state);
  journal.reset();
  files.overwrite(snapshot_path(directory, Revision{300}), 200, "#");
  open();
  BOOST_TEST(text(found.state) == expected);
  BOOST_TEST(found.notes.find("snapshot-0000000000000300, offset") != std::string::npos);
  BOOST_TEST_MESSAGE(found.notes);
  append(10);
  BOOST_TEST(snapshot());
  expected = text(state);
  open();
  BOOST_TEST(text(found.state) == expected);
  BOOST_TEST(found.notes == "");
}

BOOST_AUTO_TEST_CASE(without_a_good_snapshot_the_whole_journal_is_replayed_if_it_is_there) {
  open();
  append(30);
  snapshot();
  auto expected = text(state);
  journal.reset();
  files.overwrite(snapshot_path(directory, Revision{30}), 0, "#");
  open();
  BOOST_TEST(text(found.state) == expected);
  BOOST_TEST(found.notes != "");
}

BOOST_AUTO_TEST_CASE(without_a_good_snapshot_and_the_whole_journal_nothing_is_served) {
  options.history_bytes = 1;
  open();
  for (int n = 0; n < 3; ++n) {
    append(100);
    snapshot();
  }
  journal.reset();
  files.overwrite(snapshot_path(directory, Revision{200}), 70, "#");
  files.overwrite(snapshot_path(directory, Revision{300}), 70, "#");
  BOOST_TEST(refusal().find("snapshot-0000000000000300, offset 64") != std::string::npos);
  remove_journal("journal-");
  BOOST_TEST(refusal().find("snapshot-0000000000000300, offset 64") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_a_newer_format_is_refused) {
  open();
  append(3);
  snapshot();
  journal.reset();
  files.overwrite(snapshot_path(directory, Revision{3}), 8, "\x09");
  BOOST_TEST(refusal().find("newer kvs (format 9") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_another_log_is_refused) {
  open();
  append(3);
  journal.reset();
  auto bytes = encoded(many(2, 10));
  files.create(snapshot_path(directory, Revision{2}))->write(0, bytes);
  BOOST_TEST(refusal().find("another log") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_renamed_snapshot_is_left_out) {
  open();
  append(3);
  snapshot();
  journal.reset();
  files.rename(snapshot_path(directory, Revision{3}), snapshot_path(directory, Revision{2}));
  open();
  BOOST_TEST(found.state.size() == 3u);
  BOOST_TEST(found.notes.find("not a snapshot of that revision") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_unfinished_snapshot_is_removed_at_the_start) {
  open();
  journal.reset();
  files.create(unfinished_snapshot_path(directory));
  open();
  BOOST_TEST(!has(unfinished_snapshot_path(directory)));
}

BOOST_AUTO_TEST_CASE(nothing_is_written_twice_and_nothing_of_an_empty_state) {
  open();
  BOOST_TEST(!snapshot());
  append(1);
  BOOST_TEST(snapshot());
  BOOST_TEST(!snapshot());
  open();
  BOOST_TEST(!snapshot());
}

BOOST_AUTO_TEST_CASE(a_snapshot_can_be_called_off) {
  open();
  append(30);
  std::stop_source stop;
  stop.request_stop();
  BOOST_TEST(!journal->write_snapshot(state, std::to_string(revision), stop.get_token()));
  BOOST_TEST(!has_snapshot(30));
  BOOST_TEST(!has(unfinished_snapshot_path(directory)));
}

BOOST_AUTO_TEST_CASE(a_snapshot_leaves_room_for_the_journal) {
  open();
  append(30);
  files.set_space(50'000 + 30'000);
  BOOST_CHECK_THROW(journal->write_snapshot(many(300, 100), std::to_string(revision)), std::system_error);
  BOOST_TEST(!has(unfinished_snapshot_path(directory)));
  append(1);
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_wanted_when_the_journal_has_outgrown_it) {
  options.snapshot_after_bytes = 10'000;
  open();
  BOOST_TEST(!journal->wants_snapshot(state));
  append(40);
  BOOST_TEST(!journal->wants_snapshot(state));
  append(40);
  BOOST_TEST(journal->wants_snapshot(state));
  open();
  BOOST_TEST(journal->wants_snapshot(state));  // what was replayed counts too
  BOOST_TEST(!journal->wants_snapshot(many(1000, 100)));
  snapshot();
  BOOST_TEST(!journal->wants_snapshot(state));
  append(80);
  BOOST_TEST(journal->wants_snapshot(state));
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_failed_is_not_tried_again_at_once) {
  options.snapshot_after_bytes = 10'000;
  open();
  append(80);
  files.set_fault(files.calls() + 3, Fault::fail);
  BOOST_CHECK_THROW(snapshot(), std::system_error);
  BOOST_TEST(!journal->wants_snapshot(state));
  append(10);
  BOOST_TEST(journal->wants_snapshot(state));
  BOOST_TEST(snapshot());
}

BOOST_AUTO_TEST_CASE(progress_ends_at_the_end) {
  open();
  append(30);
  snapshot();
  append(30);
  journal.reset();
  journal.emplace(files, directory, options);
  std::uint64_t last = 0, all = 0;
  journal->recover([&](std::uint64_t done, std::uint64_t of) {
    BOOST_TEST(done >= last);
    last = done;
    all = of;
  });
  BOOST_TEST(all > 0u);
  BOOST_TEST(last == all);
}

BOOST_AUTO_TEST_SUITE_END()
