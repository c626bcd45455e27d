// A journal and its snapshots in a directory of nothing but memory.
#pragma once
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "changes.hpp"
#include "faulty_files.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/journal.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs::test {

struct SnapshotFixture {
  const std::filesystem::path directory = "/data";
  FaultyFiles files;
  JournalOptions options;
  std::optional<Journal> journal;
  Recovered found;
  LogId log_id{6};  // of the history in the directory; a new one gets another
  State state;
  std::uint64_t revision = 0;
  bool bus_keeps_its_order = true;

  SnapshotFixture() {
    options.background = false;
    options.segment_bytes = 2048;
    options.history_bytes = 4096;
  }
  void open() {
    journal.reset();
    journal.emplace(files, directory, options);
    found = journal->recover();
    log_id = found.log_id.value_or(LogId{number(log_id) + 1});
    journal->begin(log_id);
    state = found.state;
  }
  void append(int count) {
    for (int n = 0; n < count; ++n) {
      ++revision;
      Changes changes{set(revision, "key" + std::to_string(revision % 20), std::string(100, 'v'))};
      journal->append(changes, bookmark());
      state = with(state, changes);
    }
  }
  bool snapshot() {
    if (!journal->write_snapshot(state, bookmark())) return false;
    journal->snapshot_written(state.revision());
    return true;
  }
  std::string bookmark() const { return bus_keeps_its_order ? std::to_string(revision) : std::string(); }
  void remove_journal(const std::string& from) {
    for (const auto& name : files.names())
      if (name.starts_with("journal-") && name >= from) files.remove(directory / name);
  }
  bool has(const std::filesystem::path& path) { return files.names().contains(path.filename().string()); }
  bool has_snapshot(std::uint64_t of) { return has(snapshot_path(directory, Revision{of})); }
  int segments() {
    int count = 0;
    for (const auto& name : files.names()) count += name.starts_with("journal-") ? 1 : 0;
    return count;
  }
  std::string refusal() {
    try {
      open();
    } catch (const DamagedData& damage) {
      BOOST_TEST_MESSAGE(damage.what());
      return damage.what();
    }
    return {};
  }
};

inline State many(std::uint64_t count, std::size_t value_size) {
  StateEditor editor{State()};
  for (std::uint64_t n = 1; n <= count; ++n)
    editor.put(set(n, "key" + std::to_string(n), std::string(value_size, 'v')).record);
  return editor.commit(Revision{count}, LogTime{std::chrono::seconds(count)});
}

inline std::string encoded(const State& state, const std::string& bookmark = "5", LogId log_id = LogId{77}) {
  SnapshotEncoder encoder(state, log_id, bookmark);
  std::string all;
  for (auto piece = encoder.next(); !piece.empty(); piece = encoder.next()) all += piece;
  return all;
}

}  // namespace kvs::test
