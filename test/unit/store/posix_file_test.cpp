#include "kvs/store/posix_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <system_error>

#include "changes.hpp"
#include "kvs/store/journal.hpp"
#include "temporary_directory.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

struct Fixture {
  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path();
  PosixFiles files;
};

unsigned mode(const std::filesystem::path& path) {
  struct stat status;
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

struct Umask {
  explicit Umask(mode_t mask) : before(::umask(mask)) {}
  ~Umask() { ::umask(before); }
  mode_t before;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(posix_file_test, Fixture)

BOOST_AUTO_TEST_CASE(files_are_for_their_owner_alone_whatever_the_umask) {
  for (mode_t mask : {0000, 0022, 0777}) {
    Umask umask(mask);
    auto data = directory / std::to_string(mask) / "data";
    Journal journal(files, data, {});
    journal.recover();
    journal.begin(LogId{7});
    auto changes = Changes{set(1, "a", "1")};
    journal.append(changes, "1");
    journal.write_snapshot(with({}, changes), "1");
    BOOST_TEST(mode(data) == 0700u);
    BOOST_TEST(mode(data.parent_path()) == 0700u);
    for (const char* name : {"lock", "journal-0000000001", "snapshot-0000000000000001"})
      BOOST_TEST(mode(data / name) == 0600u);
  }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  auto file = files.create(directory / "file");
  file->write(0, "hello");
  file->write(8, "you");
  file->datasync();
  std::string bytes(20, '?');
  BOOST_TEST(file->size() == 11u);
  BOOST_TEST(file->read(2, bytes) == 9u);
  BOOST_TEST(bytes.substr(0, 9) == std::string("llo\0\0\0you", 9));
  file->truncate(3);
  BOOST_TEST(files.open_to_read(directory / "file")->size() == 3u);
  BOOST_TEST(files.create(directory / "file")->size() == 0u);
}

BOOST_AUTO_TEST_CASE(errors_name_the_path) {
  auto path = directory / "missing";
  BOOST_CHECK_EXCEPTION(files.open(path), std::system_error, [&](const std::system_error& error) {
    return error.code() == std::errc::no_such_file_or_directory &&
           std::string_view(error.what()).find(path.string()) != std::string_view::npos;
  });
  auto file = files.create(directory / "file");
  BOOST_CHECK_THROW(files.open_to_read(directory / "file")->write(0, "x"), std::system_error);
  BOOST_CHECK_THROW(files.make_directory(directory / "file" / "below"), std::system_error);
}

BOOST_AUTO_TEST_CASE(names_change_and_go) {
  files.create(directory / "a")->write(0, "new");
  files.create(directory / "b");
  files.rename(directory / "a", directory / "b");
  files.sync_directory(directory);
  BOOST_TEST(files.list(directory).size() == 1u);
  BOOST_TEST(files.open(directory / "b")->size() == 3u);
  files.remove(directory / "b");
  BOOST_TEST(files.list(directory).empty());
}

BOOST_AUTO_TEST_CASE(a_lock_is_held_once) {
  auto lock = files.lock(directory / "lock");
  BOOST_TEST(lock != nullptr);
  BOOST_TEST(files.lock(directory / "lock") == nullptr);
  lock.reset();
  BOOST_TEST(files.lock(directory / "lock") != nullptr);
}

BOOST_AUTO_TEST_CASE(a_new_data_directory_is_small) {
  Journal journal(files, directory / "data", {});
  journal.recover();
  journal.begin(LogId{7});
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "data")) size += entry.file_size();
  BOOST_TEST(size <= 256u * 1024);
}

BOOST_AUTO_TEST_SUITE_END()
