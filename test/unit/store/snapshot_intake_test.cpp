#include "kvs/store/snapshot_intake.hpp"

#include <boost/test/unit_test.hpp>

#include "changes.hpp"
#include "faulty_files.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

const std::filesystem::path directory = "/data";

struct Fixture {
  FaultyFiles files;
  JournalOptions options;

  Fixture() { options.background = false; }

  // `place`: of the newest command that left something, if it is not the newest change.
  static std::string snapshot(LogId log_id, std::uint64_t revision, std::uint64_t place = 0) {
    StateEditor editor{State()};
    for (std::uint64_t n = 1; n <= revision; ++n) editor.put(set(n, "key" + std::to_string(n), "v").record);
    State state = editor.commit(Revision{revision}, LogTime{}, Revision{std::max(place, revision)});
    SnapshotEncoder encoder(std::move(state), log_id, "bookmark");
    std::string bytes;
    for (auto piece = encoder.next(); !piece.empty(); piece = encoder.next()) bytes += piece;
    return bytes;
  }

  SnapshotHeader intake(std::string_view bytes) {
    SnapshotIntake one(files, directory);
    one.take(bytes.substr(0, 10));
    one.take(bytes.substr(10));
    return one.finish();
  }

  Recovered start() {
    Journal journal(files, directory, options);
    return journal.recover();
  }

  void begin(LogId log_id) {
    Journal journal(files, directory, options);
    journal.recover();
    journal.begin(log_id);
    journal.append({set(1, "old", "v")}, "x");
  }
};

bool other_history(const std::exception& error) {
  return std::string_view(error.what()).find("of another history") != std::string_view::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(snapshot_intake, Fixture)

BOOST_AUTO_TEST_CASE(a_new_directory_starts_from_it) {
  BOOST_TEST(number(intake(snapshot(LogId{6}, 100)).revision) == 100U);
  files.crash();
  Recovered found = start();
  BOOST_TEST(found.state.size() == 100U);
  BOOST_TEST(number(*found.log_id) == 6U);
  BOOST_TEST(found.bookmark == "bookmark");
}

// Its file is named after the place up to which it knows everything, as a start wants it.
BOOST_AUTO_TEST_CASE(the_newest_command_need_not_have_changed_a_key) {
  intake(snapshot(LogId{6}, 100, 105));
  Recovered found = start();
  BOOST_TEST(found.notes == "");
  BOOST_TEST(number(found.state.revision()) == 100U);
  BOOST_TEST(number(found.state.place()) == 105U);
}

BOOST_AUTO_TEST_CASE(an_older_history_of_the_same_log_goes_on_behind_it) {
  begin(LogId{6});
  intake(snapshot(LogId{6}, 100));
  Recovered found = start();
  BOOST_TEST(number(found.state.revision()) == 100U);
  BOOST_TEST((found.state.find("old") == nullptr));
}

BOOST_AUTO_TEST_CASE(another_history_is_refused_and_leaves_nothing) {
  begin(LogId{5});
  BOOST_CHECK_EXCEPTION(intake(snapshot(LogId{6}, 100)), std::runtime_error, other_history);
  Recovered found = start();
  BOOST_TEST(number(*found.log_id) == 5U);
  BOOST_TEST((found.state.find("old") != nullptr));
}

BOOST_AUTO_TEST_CASE(half_a_snapshot_is_none) {
  std::string bytes = snapshot(LogId{6}, 100);
  BOOST_CHECK_THROW(intake(bytes.substr(0, bytes.size() - 1)), DamagedData);
  BOOST_CHECK_THROW(intake(std::string(1000, 'x')), DamagedData);
  BOOST_TEST(!start().log_id.has_value());
  BOOST_TEST(!files.names().contains("snapshot.tmp"));
}

BOOST_AUTO_TEST_CASE(one_directory_is_for_one_process) {
  SnapshotIntake one(files, directory);
  BOOST_CHECK_THROW(SnapshotIntake(files, directory), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
