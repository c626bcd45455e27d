// The operating system's files, with a test looking over the shoulder of every write and sync.
#pragma once
#include <functional>
#include <memory>
#include <system_error>

#include "kvs/store/posix_file.hpp"

namespace kvs::test {

[[noreturn]] inline void throw_error(int error) {
  throw std::system_error(error, std::generic_category(), "cannot do what the test forbids");
}

class HookedFiles final : public FileSystem {
 public:
  // Called before the real thing, which does not happen if they throw.
  std::function<void()> on_write;
  std::function<void()> on_sync;
  std::function<void()> on_open_to_read;  // on any thread

  void make_directory(const std::filesystem::path& directory) override { files_.make_directory(directory); }
  std::vector<std::string> list(const std::filesystem::path& directory) override { return files_.list(directory); }
  std::unique_ptr<File> create(const std::filesystem::path& path) override { return hooked(files_.create(path)); }
  std::unique_ptr<File> open(const std::filesystem::path& path) override { return hooked(files_.open(path)); }
  std::unique_ptr<File> open_to_read(const std::filesystem::path& path) override {
    if (on_open_to_read) on_open_to_read();
    return files_.open_to_read(path);
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override { files_.rename(from, to); }
  void remove(const std::filesystem::path& path) override { files_.remove(path); }
  void sync_directory(const std::filesystem::path& directory) override { files_.sync_directory(directory); }
  std::unique_ptr<Lock> lock(const std::filesystem::path& path) override { return files_.lock(path); }
  std::uint64_t free_space(const std::filesystem::path& directory) override { return files_.free_space(directory); }

 private:
  class HookedFile final : public File {
   public:
    HookedFile(HookedFiles& files, std::unique_ptr<File> file) : files_(files), file_(std::move(file)) {}
    std::uint64_t size() const override { return file_->size(); }
    std::size_t read(std::uint64_t offset, std::span<char> into) const override { return file_->read(offset, into); }
    void write(std::uint64_t offset, std::string_view bytes) override {
      if (files_.on_write) files_.on_write();
      file_->write(offset, bytes);
    }
    void truncate(std::uint64_t size) override { file_->truncate(size); }
    void datasync() override {
      if (files_.on_sync) files_.on_sync();
      file_->datasync();
    }

   private:
    HookedFiles& files_;
    std::unique_ptr<File> file_;
  };

  std::unique_ptr<File> hooked(std::unique_ptr<File> file) {
    return std::make_unique<HookedFile>(*this, std::move(file));
  }

  PosixFiles files_;
};

}  // namespace kvs::test
