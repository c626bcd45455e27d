#include "kvs/store/posix_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace kvs {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what, const fs::path& path, int error = errno) {
  throw std::system_error(error, std::generic_category(), std::string("cannot ") + what + ' ' + path.string());
}

// Repeats a call that a signal interrupted before it did anything.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

Descriptor open_descriptor(const fs::path& path, int flags, const char* what) {
  int number = retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); });
  if (number < 0) fail(what, path);
  return Descriptor(number);
}

// A file that root makes, repairing or restoring, is for the user whose directory it is. (Not what that user may have
// put there to get it: no link is followed, and a file has no second name.)
void give_to_owner_of_directory(const Descriptor& made, const fs::path& path) {
  if (::geteuid() != 0) return;
  struct stat directory, now;
  fs::path parent = path.has_parent_path() ? path.parent_path() : ".";
  if (::stat(parent.c_str(), &directory) != 0 || ::fstat(made.get(), &now) != 0) return;
  if (now.st_uid == directory.st_uid || !S_ISREG(now.st_mode) || now.st_nlink != 1) return;
  // Not every file system lets root do so; then it stays root's.
  if (::fchown(made.get(), directory.st_uid, directory.st_gid) != 0) return;
}

// The mode given to open() and mkdir() is narrowed by the umask, which may take away even the owner's rights.
Descriptor create_descriptor(const fs::path& path, int flags, PosixFiles::Owner owner) {
  auto descriptor = open_descriptor(path, O_RDWR | O_CREAT | O_NOFOLLOW | flags, "create");
  if (::fchmod(descriptor.get(), 0600) != 0) fail("set the mode of", path);
  if (owner == PosixFiles::Owner::of_directory) give_to_owner_of_directory(descriptor, path);
  return descriptor;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, fs::path path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  std::uint64_t size() const override {
    struct stat status;
    if (::fstat(descriptor_.get(), &status) != 0) fail("read the size of", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  std::size_t read(std::uint64_t offset, std::span<char> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      auto got = retry([&] {
        return ::pread(descriptor_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      });
      if (got < 0) fail("read", path_);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  void write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      auto put =
          retry([&] { return ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (put < 0) fail("write", path_);
      if (put == 0) fail("write", path_, ENOSPC);  // POSIX allows it; trying again for ever would not end
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
  }

  void truncate(std::uint64_t size) override {
    if (retry([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); }) != 0) fail("truncate", path_);
  }

  // Not repeated on EINTR: a failed sync is never tried again, whatever the reason.
  void datasync() override {
    if (::fdatasync(descriptor_.get()) != 0) fail("sync", path_);
  }

 private:
  Descriptor descriptor_;
  fs::path path_;
};

class PosixLock final : public FileSystem::Lock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

// A name that was not there before must survive as well. A parent that may be entered but not read cannot be synced by
// itself: then everything is.
void sync_parent(const fs::path& directory) {
  auto parent = directory.parent_path();
  int number = retry([&] { return ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (number < 0) {
    if (errno != EACCES) fail("open", parent);
    ::sync();
    return;
  }
  Descriptor descriptor(number);
  if (::fsync(descriptor.get()) != 0) fail("sync", parent);
}

}  // namespace

void PosixFiles::make_directory(const fs::path& directory) {
  std::error_code error;
  auto path = fs::absolute(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // a trailing slash
  if (fs::is_directory(path, error)) return;
  if (path.has_parent_path() && path.parent_path() != path) make_directory(path.parent_path());
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST && fs::is_directory(path, error)) return;
    fail("make the directory", path);
  }
  if (::chmod(path.c_str(), 0700) != 0) fail("set the mode of", path);
  sync_parent(path);
}

std::vector<std::string> PosixFiles::list(const fs::path& directory) {
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator entries(directory, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    names.push_back(entries->path().filename().string());
  }
  if (error) fail("list", directory, error.value());
  return names;
}

std::unique_ptr<File> PosixFiles::create(const fs::path& path) {
  return std::make_unique<PosixFile>(create_descriptor(path, O_TRUNC, owner_), path);
}

std::unique_ptr<File> PosixFiles::open(const fs::path& path) {
  return std::make_unique<PosixFile>(open_descriptor(path, O_RDWR, "open"), path);
}

std::unique_ptr<File> PosixFiles::open_to_read(const fs::path& path) {
  return std::make_unique<PosixFile>(open_descriptor(path, O_RDONLY, "open"), path);
}

void PosixFiles::rename(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("rename", from);
}

void PosixFiles::remove(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) fail("remove", path);
}

void PosixFiles::sync_directory(const fs::path& directory) {
  auto descriptor = open_descriptor(directory, O_RDONLY | O_DIRECTORY, "open");
  if (::fsync(descriptor.get()) != 0) fail("sync", directory);
}

std::unique_ptr<FileSystem::Lock> PosixFiles::lock(const fs::path& path) {
  auto descriptor = create_descriptor(path, 0, owner_);
  if (retry([&] { return ::flock(descriptor.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return nullptr;
    fail("lock", path);
  }
  return std::make_unique<PosixLock>(std::move(descriptor));
}

std::uint64_t PosixFiles::free_space(const fs::path& directory) {
  struct statvfs status;
  if (retry([&] { return ::statvfs(directory.c_str(), &status); }) != 0) fail("read the free space of", directory);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace kvs
