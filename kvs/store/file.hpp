// The one way to files: everything the store keeps on disk goes through here, so that tests can fail it, tear it and
// reorder it. Errors are std::system_error whose what() names the path.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// An open file. Closed by its destructor, which neither syncs nor throws. Any thread may read, write and sync at the
// same time as others; ordering overlapping calls is the caller's business.
class File {
 public:
  virtual ~File() = default;

  virtual std::uint64_t size() const = 0;

  // Fills `into` from `offset` on; gives how much there was, which is less only at the end of the file.
  virtual std::size_t read(std::uint64_t offset, std::span<char> into) const = 0;

  // All of `bytes`, or it throws; then any part of them may have been written. Writing past the end grows the file, a
  // gap reads as zeros.
  virtual void write(std::uint64_t offset, std::string_view bytes) = 0;

  virtual void truncate(std::uint64_t size) = 0;

  // What was written (and the size it needs) survives a loss of power once this returns. If it throws, nothing may be
  // assumed of any write since the last success, and a later success says nothing about those either.
  virtual void datasync() = 0;
};

class FileSystem {
 public:
  // Held until destroyed, or until the process ends in whatever way.
  class Lock {
   public:
    virtual ~Lock() = default;
  };

  virtual ~FileSystem() = default;

  // With its missing parents, durably, mode 0700; no effect if it is there.
  virtual void make_directory(const std::filesystem::path& directory) = 0;
  // The names of the files in it, in no order.
  virtual std::vector<std::string> list(const std::filesystem::path& directory) = 0;

  // An empty file, mode 0600 whatever the umask; one that is there is emptied. Its name is durable after
  // sync_directory().
  virtual std::unique_ptr<File> create(const std::filesystem::path& path) = 0;
  virtual std::unique_ptr<File> open(const std::filesystem::path& path) = 0;  // to read and write
  virtual std::unique_ptr<File> open_to_read(const std::filesystem::path& path) = 0;

  // Replaces `to` in one step. Durable after sync_directory().
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  // Durable after sync_directory().
  virtual void remove(const std::filesystem::path& path) = 0;
  // Names created, renamed and removed in it survive a loss of power once this returns.
  virtual void sync_directory(const std::filesystem::path& directory) = 0;

  // Makes the file if need be. Null if another process (or another holder in this one) has the lock.
  virtual std::unique_ptr<Lock> lock(const std::filesystem::path& path) = 0;

  // Bytes this process may still write on the file system that holds `directory`.
  virtual std::uint64_t free_space(const std::filesystem::path& directory) = 0;
};

}  // namespace kvs
