// Files that are read and not changed, for a recovery that only looks: it tidies up as it goes, and what it writes it
// does not read again.
#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kvs/store/file.hpp"

namespace kvs {

// A file whose writer believes to have changed it. It may seem to end early.
class ReadOnlyFile final : public File {
 public:
  explicit ReadOnlyFile(std::unique_ptr<File> file, std::uint64_t most = UINT64_MAX)
      : file_(std::move(file)), most_(most) {}

  std::uint64_t size() const override { return std::min(file_->size(), most_); }
  std::size_t read(std::uint64_t offset, std::span<char> into) const override {
    std::uint64_t left = offset < most_ ? most_ - offset : 0;
    return file_->read(offset, into.first(std::min<std::uint64_t>(into.size(), left)));
  }
  void write(std::uint64_t, std::string_view) override {}
  void truncate(std::uint64_t) override {}
  void datasync() override {}

 private:
  std::unique_ptr<File> file_;
  std::uint64_t most_;
};

// What would tidy up does nothing; what would make something new is a fault of the caller's. `files` must outlive it.
class ReadOnlyFiles : public FileSystem {
 public:
  explicit ReadOnlyFiles(FileSystem& files) : files_(files) {}

  std::vector<std::string> list(const std::filesystem::path& directory) override { return files_.list(directory); }
  std::unique_ptr<File> open_to_read(const std::filesystem::path& path) override { return files_.open_to_read(path); }
  std::unique_ptr<File> open(const std::filesystem::path& path) override {
    return std::make_unique<ReadOnlyFile>(open_to_read(path));
  }
  std::uint64_t free_space(const std::filesystem::path& directory) override { return files_.free_space(directory); }
  void remove(const std::filesystem::path&) override {}
  void sync_directory(const std::filesystem::path&) override {}

  void make_directory(const std::filesystem::path& path) override { refuse(path); }
  std::unique_ptr<File> create(const std::filesystem::path& path) override { refuse(path); }
  void rename(const std::filesystem::path& from, const std::filesystem::path&) override { refuse(from); }
  std::unique_ptr<Lock> lock(const std::filesystem::path& path) override { refuse(path); }

 protected:
  FileSystem& files() { return files_; }

 private:
  [[noreturn]] static void refuse(const std::filesystem::path& path) {
    throw std::logic_error(path.string() + " was to be read, not to be changed");
  }

  FileSystem& files_;
};

}  // namespace kvs
