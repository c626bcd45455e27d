#include "kvs/store/repair.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

#include "kvs/store/damaged_data.hpp"
#include "kvs/store/damaged_journal.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/recovery.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

// A file that seems to end early, and takes no changes.
class ShortFile final : public File {
 public:
  ShortFile(std::unique_ptr<File> file, std::uint64_t most) : file_(std::move(file)), most_(most) {}

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

// The directory as it would be after the repair, for a recovery to try.
class PlannedFiles final : public FileSystem {
 public:
  explicit PlannedFiles(FileSystem& files) : files_(files) {}

  void hide(const fs::path& path) { hidden_.insert(path.filename().string()); }
  void cut(const fs::path& path, std::uint64_t offset) { cut_[path.filename().string()] = offset; }

  std::vector<std::string> list(const fs::path& directory) override {
    std::vector<std::string> names = files_.list(directory);
    std::erase_if(names, [this](const std::string& name) { return hidden_.contains(name); });
    return names;
  }
  std::unique_ptr<File> open_to_read(const fs::path& path) override {
    auto found = cut_.find(path.filename().string());
    return std::make_unique<ShortFile>(files_.open_to_read(path), found == cut_.end() ? UINT64_MAX : found->second);
  }
  std::unique_ptr<File> open(const fs::path& path) override { return open_to_read(path); }
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
  std::set<std::string> hidden_;
  std::map<std::string, std::uint64_t> cut_;
};

class Planner {
 public:
  Planner(FileSystem& files, fs::path directory)
      : files_(files),
        planned_(files),
        directory_(std::move(directory)),
        contents_(list_data_directory(files, directory_)) {}

  RepairPlan run() {
    RecoveredLog log = recover();
    if (!plan_.empty() && !log.log_id)
      throw DamagedData(directory_, 0, "nothing would be left. Restore the directory from a backup");
    check_snapshots();
    plan_.last = log.end.last;
    plan_.keys = log.state.size();
    return std::move(plan_);
  }

 private:
  // Each round leaves out more, so it comes to an end.
  RecoveredLog recover() {
    Recovery::Progress silent;
    while (true) {
      try {
        return Recovery(planned_, directory_, silent).run();
      } catch (const DamagedJournal& damage) {
        plan_.damage.emplace_back(damage.what());
        leave_out(damage);
      }
    }
  }

  void leave_out(const DamagedJournal& damage) {
    std::size_t before = plan_.segments.size();
    bool cut_there = plan_.cut && plan_.cut->segment == damage.file() && plan_.cut->offset <= damage.offset();
    bool whole = damage.offset() <= SegmentHeader::size || cut_there;
    for (std::uint64_t number : contents_.segments) {
      fs::path path = segment_path(directory_, number);
      if (path > damage.file() || (whole && path == damage.file())) take_out(path);
    }
    if (whole) {
      if (plan_.cut && plan_.cut->segment >= damage.file()) plan_.cut.reset();
      if (plan_.segments.size() == before) throw DamagedData(damage.what());
      return;
    }
    plan_.cut = {damage.file(), damage.offset()};
    planned_.cut(damage.file(), damage.offset());
    plan_.lost_bytes += files_.open_to_read(damage.file())->size() - damage.offset();
  }

  void take_out(const fs::path& path) {
    if (std::ranges::find(plan_.segments, path) != plan_.segments.end()) return;
    plan_.segments.push_back(path);
    std::ranges::sort(plan_.segments);
    planned_.hide(path);
    plan_.lost_bytes += files_.open_to_read(path)->size();
  }

  // A start leaves these out by itself; only the space they take is lost on them.
  void check_snapshots() {
    for (Revision revision : contents_.snapshots) {
      fs::path path = snapshot_path(directory_, revision);
      auto file = files_.open_to_read(path);
      std::array<char, SnapshotHeader::size> head{};
      std::size_t got = file->read(0, head);
      try {
        auto header = decode_snapshot_header(std::string(head.data(), got), path);
        if (!header || header->place != revision) throw DamagedData(path, 0, "not a snapshot of that revision");
        load_snapshot(*file, path, {}, {});
      } catch (const DamagedData& damage) {
        plan_.damage.emplace_back(damage.what());
        plan_.snapshots.push_back(path);
      }
    }
  }

  FileSystem& files_;
  PlannedFiles planned_;
  fs::path directory_;
  DirectoryContents contents_;
  RepairPlan plan_;
};

void copy_file(FileSystem& files, const fs::path& from, const fs::path& to) {
  auto source = files.open_to_read(from);
  auto target = files.create(to);
  std::vector<char> piece(1024 * 1024);
  std::uint64_t offset = 0;
  while (std::size_t count = source->read(offset, piece)) {
    target->write(offset, {piece.data(), count});
    offset += count;
  }
  target->datasync();
}

fs::path free_name(const fs::path& directory) {
  for (int number = 1;; ++number) {
    fs::path path = directory / ("damaged-" + std::to_string(number));
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return path;
  }
}

}  // namespace

RepairPlan plan_repair(FileSystem& files, const fs::path& directory) { return Planner(files, directory).run(); }

fs::path carry_out(FileSystem& files, const fs::path& directory, const RepairPlan& plan) {
  fs::path aside = free_name(directory);
  files.make_directory(aside);
  if (plan.cut) copy_file(files, plan.cut->segment, aside / plan.cut->segment.filename());
  files.sync_directory(aside);
  std::vector<fs::path> moved = plan.snapshots;
  moved.insert(moved.end(), plan.segments.rbegin(), plan.segments.rend());  // from the last one on: never a gap
  for (const fs::path& path : moved) files.rename(path, aside / path.filename());
  if (plan.cut) {
    auto file = files.open(plan.cut->segment);
    file->truncate(plan.cut->offset);
    file->datasync();
  }
  files.sync_directory(aside);
  files.sync_directory(directory);
  return aside;
}

}  // namespace kvs
