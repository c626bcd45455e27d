#include "kvs/store/unchanged_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>

#include "changes.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal.hpp"
#include "kvs/store/posix_file.hpp"
#include "temporary_directory.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

namespace fs = std::filesystem;

struct Fixture {
  TemporaryDirectory temporary;
  fs::path directory = temporary.path() / "data";
  PosixFiles files;

  void fill() {
    JournalOptions options;
    options.background = false;
    Journal journal(files, directory, options);
    journal.recover();
    journal.begin(LogId{6});
    journal.append({set(1, "a", "1"), set(2, "b", "2")}, "x");
    journal.append({removed(3, "a"), set(4, "c", "3")}, "y");
  }

  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(directory)) {
      std::ifstream in(entry.path(), std::ios::binary);
      all[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
    }
    return all;
  }
};

bool says(const std::exception& error, std::string_view what) {
  return std::string_view(error.what()).find(what) != std::string_view::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(unchanged_directory, Fixture)

BOOST_AUTO_TEST_CASE(it_gives_what_a_start_would_find) {
  fill();
  auto before = contents();
  UnchangedDirectory found = read_unchanged(files, directory);
  BOOST_TEST(number(found.log_id) == 6U);
  BOOST_TEST(found.state.size() == 2U);
  BOOST_TEST(found.state.find("c")->value() == "3");
  BOOST_TEST((contents() == before));
}

// A start would cut off the unfinished batch and remove the unfinished snapshot.
BOOST_AUTO_TEST_CASE(what_a_start_would_tidy_up_stays) {
  fill();
  fs::path segment = segment_path(directory, 1);
  std::string bytes = contents()[segment.filename()];
  std::size_t end = bytes.find_last_not_of('\0');
  files.open(segment)->write(end - 3, std::string("\0\0\0\0", 4));
  std::ofstream(directory / "snapshot.tmp") << "half";
  auto before = contents();
  UnchangedDirectory found = read_unchanged(files, directory);
  BOOST_TEST(found.state.size() == 2U);  // the batch before
  BOOST_TEST((found.state.find("a") != nullptr));
  BOOST_TEST(found.notes != "");
  BOOST_TEST((contents() == before));
}

BOOST_AUTO_TEST_CASE(nobody_else_may_have_it_open) {
  fill();
  auto lock = files.lock(lock_path(directory));
  BOOST_CHECK_EXCEPTION(read_unchanged(files, directory), std::runtime_error,
                        [](const auto& error) { return says(error, "in use by another process"); });
}

BOOST_AUTO_TEST_CASE(nobody_else_gets_it_while_it_is_held) {
  fill();
  UnchangedDirectory found = read_unchanged(files, directory);
  BOOST_TEST((files.lock(lock_path(directory)) == nullptr));
}

BOOST_AUTO_TEST_CASE(a_directory_without_data_is_told_and_left_alone) {
  fs::create_directory(directory);
  BOOST_CHECK_EXCEPTION(read_unchanged(files, directory), std::runtime_error,
                        [](const auto& error) { return says(error, "no data of kvs"); });
  BOOST_TEST(contents().empty());
}

BOOST_AUTO_TEST_SUITE_END()
