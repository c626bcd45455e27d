// A journal that was taken away, or lost its end, beside a snapshot that was made of it.
#include <boost/test/unit_test.hpp>
#include <string>

#include "snapshot_fixture.hpp"

using namespace kvs;
using namespace kvs::test;

BOOST_FIXTURE_TEST_SUITE(missing_journal, SnapshotFixture)

BOOST_AUTO_TEST_CASE(what_a_snapshot_was_made_with_is_missed_where_no_bus_has_it) {
  for (bool kept : {false, true}) {
    SnapshotFixture f;
    f.bus_keeps_its_order = kept;
    f.open();
    f.append(30);
    f.snapshot();
    f.append(30);
    f.journal.reset();
    f.remove_journal("journal-");
    std::string said = f.refusal();
    BOOST_TEST(said.find("no journal beside the snapshot of revision 30, which was made with one") ==
               (kept ? std::string::npos : std::string("/data: there is ").size()));
    if (!kept) BOOST_TEST(said.find("kvs repair --data-dir /data") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_journal_that_ends_before_the_snapshot_it_was_made_with_is_missed) {
  bus_keeps_its_order = false;
  open();
  append(60);
  snapshot();
  journal.reset();
  remove_journal("journal-0000000003");
  auto left = files.names();
  BOOST_TEST(refusal().find("and a snapshot was made of it at revision 60") != std::string::npos);
  BOOST_TEST(files.names() == left, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_snapshot_that_misses_its_journal_may_be_damaged_itself) {
  bus_keeps_its_order = false;
  open();
  append(30);
  snapshot();
  append(30);
  snapshot();
  journal.reset();
  files.overwrite(snapshot_path(directory, Revision{60}), 200, "#");
  auto names = files.names();
  remove_journal(*std::prev(names.lower_bound("k")));
  BOOST_TEST(refusal().find("and a snapshot was made of it at revision 60") != std::string::npos);
  remove_journal("journal-");
  BOOST_TEST(refusal().find("no journal beside the snapshot of revision 60") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_ends_before_a_snapshot_that_was_made_of_it_is_damage_and_is_not_cut) {
  for (bool sync : {true, false}) {
    SnapshotFixture f;
    f.options.sync = sync;
    f.bus_keeps_its_order = false;
    f.open();
    f.append(10);
    f.snapshot();
    f.journal.reset();
    auto path = segment_path(directory, 1);
    auto file = f.files.open_to_read(path);
    std::string before(file->size(), '\0');
    file->read(0, before);
    auto at = before.rfind("key10");
    BOOST_REQUIRE(at != std::string::npos);
    f.files.overwrite(path, at, "K");
    before[at] = 'K';
    BOOST_TEST(f.refusal().find("journal-0000000001, offset ") == std::string("/data/").size());
    std::string after(before.size(), '\0');
    f.files.open_to_read(path)->read(0, after);
    BOOST_TEST((after == before));
  }
}

BOOST_AUTO_TEST_CASE(a_journal_of_nothing_but_zeros_is_a_missing_one) {
  bus_keeps_its_order = false;
  open();
  append(10);
  snapshot();
  journal.reset();
  remove_journal("journal-0000000002");
  auto size = files.open_to_read(segment_path(directory, 1))->size();
  files.overwrite(segment_path(directory, 1), 0, std::string(size, '\0'));
  BOOST_TEST(refusal().find("no journal beside the snapshot of revision 10") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_snapshot_from_elsewhere_needs_no_journal) {
  files.make_directory(directory);
  auto bytes = encoded(many(20, 10), "");
  files.create(snapshot_path(directory, Revision{20}))->write(0, bytes);
  open();
  BOOST_TEST(found.state.size() == 20u);
  BOOST_TEST(found.notes.find("no journal beside the snapshot of revision 20, as after a restore") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_newer_snapshot_from_elsewhere_takes_the_place_of_one_that_was_made_with_a_journal) {
  bus_keeps_its_order = false;
  open();
  append(30);
  snapshot();
  journal.reset();
  remove_journal("journal-");
  auto newer = with(state, {set(40, "from", "elsewhere")});
  files.create(snapshot_path(directory, Revision{40}))->write(0, encoded(newer, "", log_id));
  BOOST_TEST(refusal() == "");
  BOOST_TEST((found.state.revision() == Revision{40}));
}

BOOST_AUTO_TEST_SUITE_END()
