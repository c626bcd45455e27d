// Files as the operating system has them.
#pragma once
#include <cstdint>

#include "kvs/store/file.hpp"

namespace kvs {

class PosixFiles final : public FileSystem {
 public:
  // Whose the files are that root makes: its own, or those of the user whose directory it is, who must open them later.
  enum class Owner : std::uint8_t { of_process, of_directory };

  explicit PosixFiles(Owner owner = Owner::of_process) : owner_(owner) {}

  void make_directory(const std::filesystem::path& directory) override;
  std::vector<std::string> list(const std::filesystem::path& directory) override;
  std::unique_ptr<File> create(const std::filesystem::path& path) override;
  std::unique_ptr<File> open(const std::filesystem::path& path) override;
  std::unique_ptr<File> open_to_read(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  void sync_directory(const std::filesystem::path& directory) override;
  std::unique_ptr<Lock> lock(const std::filesystem::path& path) override;
  std::uint64_t free_space(const std::filesystem::path& directory) override;

 private:
  const Owner owner_;
};

}  // namespace kvs
