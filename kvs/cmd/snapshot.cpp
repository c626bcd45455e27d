// kvs snapshot save, inspect and restore.
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <optional>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/new_file.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/progress.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"
#include "kvs/random_id.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/new_history.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/snapshot_files.hpp"
#include "kvs/store/snapshot_format.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

fs::path file_argument(const Settings& settings) {
  if (settings.arguments().size() != 1 || settings.arguments().front().empty())
    throw UsageError("this command takes one argument, the snapshot's file");
  return settings.arguments().front();
}

std::string text_of(const boost::json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : boost::json::serialize(value);
}

// An object keeps its members in the order in which they were put in.
void show(Output& output, const boost::json::object& facts) {
  if (output.form() == Form::human || output.form() == Form::table) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& fact : facts)
      rows.push_back({std::string(fact.key()), escaped(text_of(fact.value()), Escape::line)});
    if (!output.quiet()) output.write(table(rows, output.width()));
  } else {
    output.write_json(boost::json::serialize(facts));
  }
  output.flush();
}

// Takes the server's bytes: to the file that is to become the snapshot, or to standard output. Keeps the beginning.
class Target {
 public:
  explicit Target(const fs::path& path) {
    if (path != "-") file_.emplace(path);
  }

  void take(std::string_view piece, Output& output) {
    if (head.size() < SnapshotHeader::size) head += piece.substr(0, SnapshotHeader::size - head.size());
    if (file_) {
      file_->write(piece);
    } else {
      output.write(piece);
    }
    bytes += piece.size();
  }

  void finish() {
    if (file_) file_->finish();
  }

  std::string head;
  std::uint64_t bytes = 0;

 private:
  std::optional<NewFile> file_;
};

std::string time_text(LogTime time) {
  std::string text;
  append_time(text, time);
  return text;
}

LoadedSnapshot load(FileSystem& files, const fs::path& path, const Settings& settings, std::uint64_t& bytes) try {
  auto file = files.open_to_read(path);
  bytes = file->size();
  Progress progress(settings, "reading", Progress::Unit::bytes);
  return load_snapshot(*file, path, [&](std::uint64_t done) { progress.at(done, bytes); });
} catch (const DamagedData& damage) {
  throw Failure(exit_code::bad_data, damage.what());
}

void refuse_used(FileSystem& files, const fs::path& directory) {
  std::error_code ignored;
  if (!fs::exists(directory, ignored)) return;
  if (!fs::is_directory(directory, ignored)) throw Failure(exit_code::other, directory.string() + " is no directory");
  if (!files.list(directory).empty())
    throw Failure(exit_code::other, "nothing was restored: " + directory.string() + " is not empty",
                  "--data-dir names a directory that is empty or not there");
}

}  // namespace

int snapshot_save(const Settings& settings) {
  fs::path path = file_argument(settings);
  Output output(settings);
  if (path == "-" && output.terminal()) throw UsageError("a snapshot is not for a terminal: name a file");
  Remote remote(settings);
  Target target(path);
  Progress progress(settings, "saving", Progress::Unit::bytes);
  ClientAnswer answer =
      remote.fetch({.method = "GET", .target = "/v1/snapshot", .fields = {}, .body = {}}, [&](std::string_view piece) {
        target.take(piece, output);
        progress.at(target.bytes, 0);
      });
  if (answer.status != 200) throw failure_from(answer);
  auto header = decode_snapshot_header(target.head, path);
  if (!header) throw Failure(exit_code::bad_data, "what the server sent is no snapshot");
  target.finish();
  if (path == "-") {
    output.flush();
    return exit_code::ok;
  }
  show(output, {{"file", path.string()},
                {"bytes", target.bytes},
                {"revision", number(header->revision)},
                {"log_id", to_string(header->log_id)}});
  return exit_code::ok;
}

int snapshot_inspect(const Settings& settings) {
  fs::path path = file_argument(settings);
  Output output(settings);
  PosixFiles files;
  std::uint64_t bytes = 0;
  LoadedSnapshot snapshot = load(files, path, settings, bytes);
  show(output, {{"file", path.string()},
                {"bytes", bytes},
                {"revision", number(snapshot.header.revision)},
                {"log_id", to_string(snapshot.header.log_id)},
                {"time", time_text(snapshot.header.time)},
                {"keys", snapshot.state.size()},
                {"state_bytes", snapshot.state.bytes()}});
  return exit_code::ok;
}

int snapshot_restore(const Settings& settings) {
  fs::path path = file_argument(settings);
  if (!settings.given("data-dir")) throw UsageError("where to? give --data-dir DIR");
  fs::path directory = settings.text("data-dir");
  Output output(settings);
  PosixFiles files(PosixFiles::Owner::of_directory);
  refuse_used(files, directory);
  std::uint64_t bytes = 0;
  LoadedSnapshot snapshot = load(files, path, settings, bytes);
  if (snapshot.state.revision() == no_revision)
    throw Failure(exit_code::other, "nothing was restored: the snapshot is of an empty server");
  auto state = raised(std::move(snapshot.state), settings.number("raise-revision"));
  if (!state)
    throw Failure(exit_code::other, "nothing was restored: there is no revision so far above the snapshot's",
                  "give a smaller --raise-revision");
  files.make_directory(directory);
  auto lock = files.lock(lock_path(directory));
  if (!lock) throw Failure(exit_code::other, directory.string() + " is in use by another process");
  LogId log_id{random_id()};
  write_snapshot_file(files, directory, *state, log_id, {}, false, {});
  show(output, {{"data_dir", directory.string()},
                {"revision", number(state->revision())},
                {"restored_revision", number(snapshot.header.revision)},
                {"keys", state->size()},
                {"log_id", to_string(log_id)},
                {"restored_log_id", to_string(snapshot.header.log_id)}});
  return exit_code::ok;
}

}  // namespace kvs
