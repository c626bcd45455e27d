#include "kvs/cmd/new_file.hpp"

#include "kvs/cmd/failure.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t enough = 256 * 1024;

// To rename over /dev/null, as root, would end it for everybody.
fs::path replaceable(const fs::path& path) {
  std::error_code error;
  fs::file_type type = fs::status(path, error).type();
  fs::path target = path;
  if (type == fs::file_type::regular || type == fs::file_type::not_found) {
    if (fs::is_symlink(path, error)) target = fs::weakly_canonical(path);
  }
  if (type != fs::file_type::regular && type != fs::file_type::not_found)
    throw Failure(exit_code::other, path.string() + " is no file that could be replaced",
                  "name another, or - for standard output");
  return target;
}

}  // namespace

NewFile::NewFile(const fs::path& path) : path_(replaceable(path)), unfinished_(path_) {
  unfinished_ += ".tmp";
  file_ = files_.create(unfinished_);
}

NewFile::~NewFile() {
  if (!file_) return;
  std::error_code ignored;
  fs::remove(unfinished_, ignored);
}

void NewFile::write(std::string_view bytes) {
  pending_ += bytes;
  if (pending_.size() >= enough) flush();
}

void NewFile::finish() {
  flush();
  file_->datasync();
  files_.rename(unfinished_, path_);
  file_.reset();
  fs::path directory = path_.parent_path();
  files_.sync_directory(directory.empty() ? "." : directory);
}

void NewFile::flush() {
  file_->write(size_, pending_);
  size_ += pending_.size();
  pending_.clear();
}

}  // namespace kvs
