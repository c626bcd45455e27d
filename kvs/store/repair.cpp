#include "kvs/store/repair.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

#include "kvs/store/damaged_data.hpp"
#include "kvs/store/damaged_journal.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/missing_journal.hpp"
#include "kvs/store/new_history.hpp"
#include "kvs/store/read_only_files.hpp"
#include "kvs/store/recovery.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

// The directory as it would be after the repair, for a recovery to try.
class PlannedFiles final : public ReadOnlyFiles {
 public:
  using ReadOnlyFiles::ReadOnlyFiles;

  void hide(const fs::path& path) { hidden_.insert(path.filename().string()); }
  void cut(const fs::path& path, std::uint64_t offset) { cut_[path.filename().string()] = offset; }

  std::vector<std::string> list(const fs::path& directory) override {
    std::vector<std::string> names = files().list(directory);
    std::erase_if(names, [this](const std::string& name) { return hidden_.contains(name); });
    return names;
  }
  std::unique_ptr<File> open_to_read(const fs::path& path) override {
    auto found = cut_.find(path.filename().string());
    auto file = files().open_to_read(path);
    return found == cut_.end() ? std::move(file) : std::make_unique<ReadOnlyFile>(std::move(file), found->second);
  }

 private:
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
    plan_.state = std::move(log.state);
    plan_.keeps_log = !log.bookmark.empty();
    return std::move(plan_);
  }

 private:
  // Each round leaves out more, so it comes to an end.
  RecoveredLog recover() {
    Recovery::Progress silent;
    while (true) {
      try {
        Recovery recovery(planned_, directory_, silent);
        if (plan_.loses()) recovery.accept_missing_journal();
        return recovery.run();
      } catch (const DamagedJournal& damage) {
        plan_.damage.push_back(damage.finding());
        leave_out(damage);
      } catch (const MissingJournal& missing) {
        plan_.damage.push_back(missing.finding());
        plan_.journal_missing = true;
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
    plan_.lost_bytes += written_bytes(damage.file(), damage.offset());
  }

  void take_out(const fs::path& path) {
    if (std::ranges::find(plan_.segments, path) != plan_.segments.end()) return;
    plan_.segments.push_back(path);
    std::ranges::sort(plan_.segments);
    planned_.hide(path);
    plan_.lost_bytes += written_bytes(path, 0);
  }

  // From `offset` on, without the zeros behind them that were made ready.
  std::uint64_t written_bytes(const fs::path& path, std::uint64_t offset) {
    auto file = files_.open_to_read(path);
    std::vector<char> piece(64 * 1024);
    std::uint64_t end = offset;
    std::size_t count = 0;
    for (std::uint64_t at = offset; (count = file->read(at, piece)) != 0; at += count) {
      auto last =
          std::find_if(piece.rend() - static_cast<std::ptrdiff_t>(count), piece.rend(), [](char c) { return c != 0; });
      if (last != piece.rend()) end = at + static_cast<std::uint64_t>(piece.rend() - last);
    }
    return end - offset;
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

Repaired carry_out(FileSystem& files, const fs::path& directory, const RepairPlan& plan) {
  fs::path aside = free_name(directory);
  if (plan.begins_anew()) {
    auto log_id = begin_new_history(files, directory, aside, plan.state);
    if (!log_id) throw DamagedData(directory.string() + ": no new history begins: there are no revisions left for it");
    return {aside, log_id};
  }
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
  return {aside, {}};
}

}  // namespace kvs
