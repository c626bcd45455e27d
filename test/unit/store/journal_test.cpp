#include "kvs/store/journal.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "changes.hpp"
#include "kvs/store/posix_file.hpp"
#include "temporary_directory.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

constexpr std::size_t plenty = 1 << 30;

// A journal on the real file system that can be closed and opened again.
struct Fixture {
  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path() / "data";
  PosixFiles files;
  JournalOptions options;
  std::optional<Journal> journal;
  Recovered found;
  LogId log_id{6};  // of the history in the directory; a new one gets another

  void open() {
    journal.reset();
    journal.emplace(files, directory, options);
    found = journal->recover();
    log_id = found.log_id.value_or(LogId{number(log_id) + 1});
    journal->begin(log_id);
  }
  std::filesystem::path segment(int number) { return directory / ("journal-000000000" + std::to_string(number)); }
  void overwrite(const std::filesystem::path& path, std::uint64_t offset, std::string_view bytes) {
    files.open(path)->write(offset, bytes);
  }
  std::uint64_t content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    auto last = bytes.find_last_not_of('\0');
    return last == std::string::npos ? 0 : last + 1;
  }
};

bool names_it(const std::exception& error, const std::filesystem::path& path, std::string_view what) {
  BOOST_TEST_MESSAGE(error.what());
  std::string_view text = error.what();
  return text.find(path.string()) != text.npos && text.find(what) != text.npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(journal_test, Fixture)

BOOST_AUTO_TEST_CASE(a_new_directory_is_empty_and_takes_the_log_id_it_is_given) {
  open();
  BOOST_TEST(!found.log_id.has_value());
  BOOST_TEST(number(found.state.revision()) == 0u);
  BOOST_TEST(found.notes == "");
  BOOST_TEST(found.bookmark == "");
  BOOST_TEST(journal->read(no_revision, plenty).empty());
}

BOOST_AUTO_TEST_CASE(what_was_appended_is_there_after_a_restart) {
  open();
  journal->append({set(1, "a", "1"), set(1, "b", "2")}, std::to_string(10));
  journal->append({set(3, "a", "3"), removed(4, "b")}, std::to_string(20));
  open();
  BOOST_TEST(text(found.state) == "a=3@3 ");
  BOOST_TEST(number(found.state.revision()) == 4u);
  BOOST_TEST((found.state.time() == LogTime{std::chrono::seconds(4)}));
  BOOST_TEST(found.bookmark == "20");
  BOOST_TEST((found.log_id == log_id));
  BOOST_TEST(found.notes == "");
}

BOOST_AUTO_TEST_CASE(a_change_comes_back_with_all_it_had) {
  open();
  auto record = Record::make("key", "value", "text/html");
  record->stamp(Revision{7}, Revision{5}, 3, LogTime{std::chrono::milliseconds(12345)});
  journal->append({{Op::set, record, parse_origin("[2001:db8::1]:80")}}, std::to_string(1));
  auto changes = journal->read(no_revision, plenty);
  BOOST_REQUIRE(changes.size() == 1u);
  const Record& back = *changes[0].record;
  BOOST_TEST(back.key() == "key");
  BOOST_TEST(back.value() == "value");
  BOOST_TEST(back.content_type() == "text/html");
  BOOST_TEST(number(back.revision()) == 7u);
  BOOST_TEST(number(back.created_revision()) == 5u);
  BOOST_TEST(back.version() == 3u);
  BOOST_TEST((back.modified() == record->modified()));
  BOOST_TEST(to_string(changes[0].origin) == "[2001:db8::1]:80");
}

BOOST_AUTO_TEST_CASE(appending_goes_on_where_it_ended) {
  for (std::uint64_t revision = 1; revision <= 20; ++revision) {
    open();
    BOOST_TEST(number(found.state.revision()) == revision - 1);
    journal->append({set(revision, "k" + std::to_string(revision), "v")}, std::to_string(revision));
  }
  open();
  BOOST_TEST(found.state.size() == 20u);
  BOOST_TEST(journal->read(no_revision, plenty).size() == 20u);
}

BOOST_AUTO_TEST_CASE(the_history_is_read_from_any_revision_on) {
  open();
  journal->append({set(1, "a", "1"), set(2, "b", "2"), set(2, "c", "2"), set(4, "d", "4")}, std::to_string(1));
  journal->append({set(6, "e", "6")}, std::to_string(2));
  BOOST_TEST(text(journal->read(Revision{1}, plenty)) == "b=2@2 c=2@2 d=4@4 e=6@6 ");
  BOOST_TEST(text(journal->read(Revision{2}, plenty)) == "d=4@4 e=6@6 ");
  BOOST_TEST(text(journal->read(Revision{3}, plenty)) == "d=4@4 e=6@6 ");
  BOOST_TEST(text(journal->read(Revision{5}, plenty)) == "e=6@6 ");
  BOOST_TEST(text(journal->read(Revision{6}, plenty)) == "");
}

BOOST_AUTO_TEST_CASE(a_reading_is_bounded_and_never_ends_within_a_revision) {
  open();
  journal->append({set(1, "a", "1"), set(1, "b", "1"), set(2, "c", "2")}, std::to_string(1));
  journal->append({set(3, "d", "3")}, std::to_string(2));
  BOOST_TEST(text(journal->read(no_revision, 1)) == "a=1@1 b=1@1 ");
  BOOST_TEST(text(journal->read(Revision{1}, 1)) == "c=2@2 ");
  BOOST_TEST(text(journal->read(Revision{2}, 1)) == "d=3@3 ");
}

BOOST_AUTO_TEST_CASE(a_long_history_goes_over_many_segments_and_restarts) {
  options.segment_bytes = 16 * 1024;
  open();
  const std::string value(1000, 'v');
  for (std::uint64_t revision = 1; revision <= 200; ++revision) {
    if (revision % 50 == 0) open();
    journal->append({set(revision, "k" + std::to_string(revision % 10), value)}, std::to_string(revision));
  }
  open();
  BOOST_TEST(std::filesystem::exists(segment(9)));
  BOOST_TEST(found.state.size() == 10u);
  std::uint64_t expected = 1;
  for (Revision after = no_revision;;) {
    auto changes = journal->read(after, 5000);
    if (changes.empty()) break;
    for (const Change& change : changes) BOOST_TEST(number(change.revision()) == expected++);
    after = changes.back().revision();
  }
  BOOST_TEST(expected == 201u);
  for (std::uint64_t after = 0; after < 200; ++after) {
    BOOST_TEST(number(journal->read(Revision{after}, 1).front().revision()) == after + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_batch_may_be_larger_than_a_segment) {
  options.segment_bytes = 16 * 1024;
  open();
  const std::string large(1'000'000, 'x');
  journal->append({set(1, "a", large)}, std::to_string(1));
  journal->append({set(2, "b", large), set(3, "c", large)}, std::to_string(2));
  journal->append({set(4, "d", "small")}, std::to_string(3));
  open();
  BOOST_TEST(found.state.size() == 4u);
  BOOST_TEST(journal->read(no_revision, plenty).size() == 4u);
}

// Everything else that append() throws is for good.
BOOST_AUTO_TEST_CASE(a_batch_too_large_to_be_written_is_refused_and_the_next_one_is_taken) {
  open();
  auto large = Record::make("a", std::size_t{256} << 20);  // memory that is never touched
  large->stamp(Revision{1}, Revision{1}, 1, LogTime{});
  BOOST_CHECK_THROW(journal->append(Changes(16, {Op::set, large, {}}), ""), OutOfSpace);
  journal->append({set(2, "a", "2")}, "");
  open();
  BOOST_TEST(text(found.state) == "a=2@2 ");
}

BOOST_AUTO_TEST_CASE(an_unfinished_batch_at_the_end_is_cut) {
  open();
  journal->append({set(1, "a", "1")}, std::to_string(1));
  auto end = content(segment(1));
  journal->append({set(2, "b", "a value that will be torn")}, std::to_string(2));
  journal.reset();
  auto torn = content(segment(1));
  overwrite(segment(1), torn - 5, std::string(5, '\0'));
  open();
  BOOST_TEST(text(found.state) == "a=1@1 ");
  BOOST_TEST(found.bookmark == "1");
  BOOST_TEST(found.notes.find(segment(1).string()) != std::string::npos);
  BOOST_TEST(content(segment(1)) == end);
  journal->append({set(2, "c", "2")}, std::to_string(2));
  open();
  BOOST_TEST(text(found.state) == "a=1@1 c=2@2 ");
  BOOST_TEST(found.notes == "");
}

BOOST_AUTO_TEST_CASE(damage_before_the_end_is_refused_with_file_and_offset) {
  open();
  journal->append({set(1, "a", "1")}, std::to_string(1));
  auto begin = content(segment(1));
  journal->append({set(2, "b", "2")}, std::to_string(2));
  journal->append({set(3, "c", "3")}, std::to_string(3));
  journal.reset();
  overwrite(segment(1), begin + 50, "#");
  auto expected = "offset " + std::to_string(begin);
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(1), expected); });
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(1), expected); });
}

BOOST_AUTO_TEST_CASE(damage_in_an_older_segment_is_refused) {
  options.segment_bytes = 16 * 1024;
  open();
  for (std::uint64_t revision = 1; revision <= 40; ++revision) {
    journal->append({set(revision, "k", std::string(1000, 'v'))}, std::to_string(revision));
  }
  journal.reset();
  auto last = content(segment(1));
  overwrite(segment(1), last - 10, "#");
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(1), "offset"); });
  overwrite(segment(1), last - 10, "v");
  open();
  journal.reset();
  overwrite(segment(2), 20, "#");
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(2), "offset 0"); });
}

BOOST_AUTO_TEST_CASE(a_missing_segment_is_refused) {
  options.segment_bytes = 16 * 1024;
  open();
  for (std::uint64_t revision = 1; revision <= 60; ++revision) {
    journal->append({set(revision, "k", std::string(1000, 'v'))}, std::to_string(revision));
  }
  journal.reset();
  std::filesystem::rename(segment(2), directory / "away");
  BOOST_CHECK_EXCEPTION(open(), DamagedData,
                        [&](const auto& e) { return names_it(e, segment(3), "journal-0000000002"); });
  std::filesystem::rename(directory / "away", segment(2));
  open();
  BOOST_TEST(number(found.state.revision()) == 60u);
}

BOOST_AUTO_TEST_CASE(a_damaged_header_is_not_an_empty_journal) {
  open();
  journal->append({set(1, "a", "1")}, std::to_string(1));
  journal.reset();
  overwrite(segment(1), 30, "#");
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(1), "offset 0"); });
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_journal_as_a_value_is_no_journal) {
  open();
  journal->append({set(1, "a", "1")}, std::to_string(1));
  journal->append({set(2, "b", "2")}, std::to_string(2));
  std::ifstream in(segment(1), std::ios::binary);
  std::string copy{std::istreambuf_iterator<char>(in), {}};
  copy.resize(content(segment(1)));
  auto begin = content(segment(1));
  journal->append({set(3, "copy", copy)}, std::to_string(3));
  journal.reset();
  overwrite(segment(1), begin, std::string(8, '\0'));
  open();
  BOOST_TEST(number(found.state.revision()) == 2u);
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_refused) {
  open();
  journal.reset();
  overwrite(segment(1), 8, std::string("\2\0\0\0", 4));
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(1), "newer kvs"); });
}

BOOST_AUTO_TEST_CASE(segments_of_two_logs_are_refused) {
  options.segment_bytes = 16 * 1024;
  auto fill = [this] {
    open();
    for (std::uint64_t revision = 1; revision <= 40; ++revision) {
      journal->append({set(revision, "k", std::string(1000, 'v'))}, std::to_string(revision));
    }
    journal.reset();
  };
  fill();
  auto mine = directory;
  directory = temporary.path() / "other";
  fill();
  std::filesystem::copy_file(mine / "journal-0000000002", segment(2),
                             std::filesystem::copy_options::overwrite_existing);
  BOOST_CHECK_EXCEPTION(open(), DamagedData, [&](const auto& e) { return names_it(e, segment(2), "another log"); });
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_in_use_is_refused) {
  open();
  PosixFiles others;
  BOOST_CHECK_EXCEPTION(Journal(others, directory, options), std::runtime_error,
                        [&](const auto& e) { return names_it(e, directory, "in use"); });
  journal.reset();
  Journal(others, directory, options);
}

BOOST_AUTO_TEST_CASE(an_old_history_is_refused_once_it_is_dropped) {
  options.history_bytes = 64 * 1024;
  open();
  for (std::uint64_t revision = 1; revision <= 300; ++revision) {
    journal->append({set(revision, "k", std::string(1000, 'v'))}, std::to_string(revision));
  }
  auto oldest = journal->oldest();
  BOOST_TEST(number(oldest) > 200u);
  BOOST_TEST(number(oldest) < 240u);
  BOOST_CHECK_THROW(journal->read(Revision{number(oldest) - 1}, plenty), std::out_of_range);
  BOOST_TEST(journal->read(oldest, plenty).size() == 300u - number(oldest));
  open();
  BOOST_TEST(number(found.state.revision()) == 300u);
  BOOST_TEST((journal->oldest() == oldest));
}

// The window does not wait for the newest segment to be full: what is in it counts.
BOOST_AUTO_TEST_CASE(a_history_is_never_longer_than_its_size_and_a_segment) {
  options.history_bytes = 64 * 1024;
  open();
  std::uint64_t most = 0;
  for (std::uint64_t revision = 1; revision <= 300; ++revision) {
    journal->append({set(revision, "k", std::string(1000, 'v'))}, std::to_string(revision));
    most = std::max(most, revision - number(journal->oldest()));
    // Four files of 16 KiB at least, with 14 changes in each.
    if (number(journal->oldest()) != 0) BOOST_TEST(revision - number(journal->oldest()) >= 4u * 14);
  }
  BOOST_TEST(most * 1000 <= (64u + 16u) * 1024);
}

BOOST_AUTO_TEST_CASE(a_smaller_size_holds_as_soon_as_the_newest_segment_is_history_enough) {
  std::uint64_t revision = 0;
  auto write = [&] {
    ++revision;
    journal->append({set(revision, "k", std::string(10'000, 'v'))}, std::to_string(revision));
  };
  open();
  while (!std::filesystem::exists(segment(2)) || journal->begins().size() < 2) write();  // a large one, and one begun
  auto begun = journal->begins().back();
  options.history_bytes = 64 * 1024;
  open();
  BOOST_TEST((journal->oldest() == no_revision));
  while (revision < number(begun) + 6) write();
  BOOST_TEST((journal->oldest() == no_revision));
  write();  // 70,000 bytes in the newest alone
  BOOST_TEST((journal->oldest() == begun));
  BOOST_TEST(journal->begins().size() == 1u);
  open();
  BOOST_TEST((journal->oldest() == begun));
}

BOOST_AUTO_TEST_CASE(what_is_forgotten_is_not_read_any_more_also_within_the_newest_segment) {
  open();
  for (std::uint64_t revision = 1; revision <= 9; ++revision)
    journal->append({set(revision, "k", "v")}, std::to_string(revision));
  journal->forget(Revision{4});
  BOOST_TEST((journal->oldest() == Revision{4}));
  BOOST_TEST((journal->begins() == std::vector{Revision{4}}));
  BOOST_CHECK_THROW(journal->read(Revision{3}, plenty), std::out_of_range);
  BOOST_TEST(journal->read(Revision{4}, plenty).size() == 5u);
  journal->forget(Revision{2});  // never back
  BOOST_TEST((journal->oldest() == Revision{4}));
  journal->forget(Revision{9});
  BOOST_TEST(journal->read(Revision{9}, plenty).empty());
}

BOOST_AUTO_TEST_CASE(without_syncing_everything_is_there_as_long_as_the_system_runs) {
  options.sync = false;
  options.segment_bytes = 16 * 1024;
  open();
  for (std::uint64_t revision = 1; revision <= 100; ++revision) {
    journal->append({set(revision, "k" + std::to_string(revision), std::string(1000, 'v'))}, std::to_string(revision));
    if (revision % 30 == 0) journal->sync();
  }
  open();
  BOOST_TEST(found.state.size() == 100u);
  BOOST_TEST(found.notes == "");
}

BOOST_AUTO_TEST_SUITE_END()
