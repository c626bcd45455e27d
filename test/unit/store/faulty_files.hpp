// A file system in memory that behaves as badly as a real one may: what was not synced survives a crash in part, in any
// order and torn; calls fail; a full disk writes half; and it stops at any call.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kvs/store/file.hpp"

namespace kvs::test {

// Thrown by every call from the stop on, until crash(). No std::exception: nothing may take it for an error it knows.
struct Stopped {};

enum class Fault : std::uint8_t {
  fail,         // EIO; a write is half done; of what a sync was to make durable any part may be lost for good
  no_space,     // ENOSPC; a write is half done
  stop_before,  // the process ends before the call has done anything
  stop_after,   // … when the call has done what it should
};

class FaultyFiles final : public FileSystem {
 public:
  explicit FaultyFiles(unsigned seed = 0);
  ~FaultyFiles() override;

  // Calls are counted from 1; faults before the next crash() or set_fault().
  std::uint64_t calls() const;
  void set_fault(std::uint64_t call, Fault fault);
  void clear_faults();
  // The number of a sync that failed; 0: none did.
  std::uint64_t failed_sync() const;

  // The power goes, comes back: whatever was open is of no use any more, what is there now is what survived.
  void crash();

  // At most so many bytes in all files.
  void set_space(std::uint64_t bytes);

  // Looks without being counted.
  std::set<std::string> names() const;
  std::string content(const std::filesystem::path& path) const;
  void overwrite(const std::filesystem::path& path, std::uint64_t offset, std::string_view bytes);

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
  class OpenFile;
  class HeldLock;
  struct Node;
  using NodeRef = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodeRef>;
  // Adds `name` (unless there is no node), takes away `gone` (unless empty), at once.
  struct NameChange {
    std::string name;
    NodeRef node;
    std::string gone;
  };

  // Runs `action` as one counted call, with the fault that is due.
  template <class Action>
  std::invoke_result_t<Action> call(Action action);
  template <class Action, class Partly>
  std::invoke_result_t<Action> call(Action action, Partly partly);
  void change_names(NameChange change);
  void sync_names_partly(int percent);
  NodeRef find(const std::filesystem::path& path);
  std::uint64_t used() const;
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  mutable std::recursive_mutex mutex_;  // what a call gives may be destroyed within it
  std::mt19937 random_;
  std::uint64_t calls_ = 0;
  std::uint64_t failed_sync_ = 0;
  std::map<std::uint64_t, Fault> faults_;
  bool stopped_ = false;
  std::uint64_t space_ = UINT64_MAX / 2;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_names_;
  std::set<std::string> locks_;
  std::uint64_t crashes_ = 0;  // locks taken before the last one are gone
};

}  // namespace kvs::test
