#include "kvs/cmd/private_file.hpp"

#include <system_error>

#include "kvs/cmd/failure.hpp"
#include "kvs/store/posix_file.hpp"

namespace kvs {

void replace_private_file(const std::filesystem::path& path, std::string_view bytes) try {
  PosixFiles files;
  std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::filesystem::path unfinished = path;
  unfinished += ".tmp";
  files.make_directory(directory);
  auto file = files.create(unfinished);
  file->write(0, bytes);
  file->datasync();
  files.rename(unfinished, path);
} catch (const std::system_error& error) {
  throw Failure(exit_code::other, error.what());
}

}  // namespace kvs
