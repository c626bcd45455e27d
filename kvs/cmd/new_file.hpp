// A file that a command leaves behind: it appears under its name when it is whole, and is on disk then.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "kvs/store/posix_file.hpp"

namespace kvs {

class NewFile {
 public:
  // A link is followed, a file of that name is replaced by finish(). Throws Failure if there is something else (a
  // device, a pipe, a directory), which cannot be replaced by a file; std::system_error as the file system does.
  explicit NewFile(const std::filesystem::path& path);
  ~NewFile();  // without finish() nothing is left of it
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes);
  void finish();

  std::uint64_t size() const { return size_ + pending_.size(); }

 private:
  void flush();

  PosixFiles files_;
  std::filesystem::path path_, unfinished_;
  std::unique_ptr<File> file_;
  std::string pending_;
  std::uint64_t size_ = 0;
};

}  // namespace kvs
