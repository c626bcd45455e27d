#include "kvs/cmd/private_file.hpp"

#include <system_error>

#include "kvs/cmd/failure.hpp"
#include "kvs/store/posix_file.hpp"

namespace kvs {

namespace {

// Makes the directory, too.
std::filesystem::path beside(PosixFiles& files, std::filesystem::path path, const char* suffix) {
  files.make_directory(path.has_parent_path() ? path.parent_path() : ".");
  return path += suffix;
}

}  // namespace

void replace_private_file(const std::filesystem::path& path, std::string_view bytes) try {
  PosixFiles files;
  std::filesystem::path unfinished = beside(files, path, ".tmp");
  auto file = files.create(unfinished);
  file->write(0, bytes);
  file->datasync();
  files.rename(unfinished, path);
} catch (const std::system_error& error) {
  throw Failure(exit_code::other, error.what());
}

void check_private_file(const std::filesystem::path& path) try {
  PosixFiles files;
  std::filesystem::path probe = beside(files, path, ".check");
  files.create(probe);
  files.remove(probe);
} catch (const std::system_error& error) {
  throw Failure(exit_code::other, error.what());
}

}  // namespace kvs
