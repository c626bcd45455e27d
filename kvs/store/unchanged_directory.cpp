#include "kvs/store/unchanged_directory.hpp"

#include <stdexcept>

#include "kvs/store/recovery.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

// A file whose writer believes to have changed it. What a recovery writes, it does not read again.
class UnchangedFile final : public File {
 public:
  explicit UnchangedFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  std::uint64_t size() const override { return file_->size(); }
  std::size_t read(std::uint64_t offset, std::span<char> into) const override { return file_->read(offset, into); }
  void write(std::uint64_t, std::string_view) override {}
  void truncate(std::uint64_t) override {}
  void datasync() override {}

 private:
  std::unique_ptr<File> file_;
};

// Lets a recovery read and keeps back what it would tidy up: a start that is to serve does that.
class ReadOnlyFiles final : public FileSystem {
 public:
  explicit ReadOnlyFiles(FileSystem& files) : files_(files) {}

  std::vector<std::string> list(const fs::path& directory) override { return files_.list(directory); }
  std::unique_ptr<File> open_to_read(const fs::path& path) override { return files_.open_to_read(path); }
  std::unique_ptr<File> open(const fs::path& path) override {
    return std::make_unique<UnchangedFile>(files_.open_to_read(path));
  }
  std::uint64_t free_space(const fs::path& directory) override { return files_.free_space(directory); }
  void remove(const fs::path&) override {}
  void sync_directory(const fs::path&) override {}

  void make_directory(const fs::path& path) override { refuse(path); }
  std::unique_ptr<File> create(const fs::path& path) override { refuse(path); }
  void rename(const fs::path& from, const fs::path&) override { refuse(from); }
  std::unique_ptr<Lock> lock(const fs::path& path) override { refuse(path); }

 private:
  [[noreturn]] static void refuse(const fs::path& path) {
    throw std::logic_error(path.string() + " was to be read, not to be changed");
  }

  FileSystem& files_;
};

}  // namespace

UnchangedDirectory read_unchanged(FileSystem& files, const fs::path& directory, const ReadProgress& progress) {
  DirectoryContents contents = list_data_directory(files, directory);
  if (contents.segments.empty() && contents.snapshots.empty())
    throw std::runtime_error("there is no data of kvs in " + directory.string());
  auto lock = files.lock(lock_path(directory));
  if (!lock)
    throw std::runtime_error("the data directory " + directory.string() +
                             " is in use by another process: stop that one first");
  ReadOnlyFiles read_only(files);
  Recovery::Progress forward = progress;
  RecoveredLog log = Recovery(read_only, directory, forward).run();
  if (!log.log_id) throw std::runtime_error("there is no data of kvs in " + directory.string());
  return {std::move(lock), std::move(log.state), *log.log_id, std::move(log.notes)};
}

}  // namespace kvs
