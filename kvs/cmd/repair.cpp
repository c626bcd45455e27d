// kvs repair: says what is damaged, asks, and leaves it out.
#include <boost/json.hpp>
#include <iostream>
#include <optional>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/confirm.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"
#include "kvs/store/damaged_data.hpp"
#include "kvs/store/data_directory.hpp"
#include "kvs/store/posix_file.hpp"
#include "kvs/store/repair.hpp"

namespace kvs {
namespace {

namespace fs = std::filesystem;

fs::path directory_of(const Settings& settings) {
  if (!settings.arguments().empty()) throw UsageError("kvs repair takes no arguments", "kvs repair --data-dir DIR");
  if (!settings.given("data-dir")) throw UsageError("which data? give --data-dir DIR");
  fs::path directory = settings.text("data-dir");
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    throw Failure(exit_code::other, "there is no directory " + directory.string());
  return directory;
}

RepairPlan plan_for(FileSystem& files, const fs::path& directory) try {
  DirectoryContents contents = list_data_directory(files, directory);
  if (contents.segments.empty() && contents.snapshots.empty())
    throw Failure(exit_code::other, "there is no data of kvs in " + directory.string());
  return plan_repair(files, directory);
} catch (const DamagedData& damage) {
  throw Failure(exit_code::bad_data, damage.what());
}

std::string loss(const RepairPlan& plan) {
  if (!plan.loses()) return "nothing, the journal has all of it";
  std::string changes = "the changes after revision " + std::to_string(number(plan.last));
  if (plan.lost_bytes == 0) return changes + ", if there were any: there is no journal of them";
  return changes + ", " + std::to_string(plan.lost_bytes) +
         " bytes of the journal: some of them cannot be read, the others not without them";
}

std::vector<std::string> words_for(const RepairPlan& plan) {
  std::vector<std::string> lines;
  for (const std::string& line : plan.damage) lines.push_back("found: " + line);
  std::string last = std::to_string(number(plan.last));
  lines.push_back("kept: everything up to revision " + last + ", which is " + std::to_string(plan.state.size()) +
                  " keys");
  lines.push_back("lost: " + loss(plan));
  if (plan.cut)
    lines.push_back("repair: leave out " + plan.cut->segment.string() + " from offset " +
                    std::to_string(plan.cut->offset) + " on");
  for (const fs::path& path : plan.segments) lines.push_back("repair: leave out " + path.string());
  for (const fs::path& path : plan.snapshots) lines.push_back("repair: leave out " + path.string());
  if (plan.begins_anew())
    lines.push_back("repair: begin a new history with it, so that no number of what is lost is given again");
  if (plan.loses())
    lines.push_back("or: restore a backup or snapshot that is newer than revision " + last +
                    "; an instance on a Kafka bus loses nothing, it reads the rest from the topic again");
  return lines;
}

// `aside`: where the files as they were have gone; empty if nothing was done. `log_id`: of the new history, if one
// begins.
boost::json::object facts(const RepairPlan& plan, const fs::path& aside, std::optional<LogId> log_id = {}) {
  boost::json::array damage(plan.damage.begin(), plan.damage.end());
  boost::json::object object{{"damage", damage}};
  if (plan.empty()) return object;
  object["revision"] = number(plan.last);
  object["keys"] = plan.state.size();
  object["lost_bytes"] = plan.loses() ? plan.lost_bytes : 0;
  object["journal_missing"] = plan.journal_missing;
  if (plan.cut) object["cut"] = {{"file", plan.cut->segment.string()}, {"offset", plan.cut->offset}};
  boost::json::array out;
  for (const fs::path& path : plan.segments) out.emplace_back(path.string());
  for (const fs::path& path : plan.snapshots) out.emplace_back(path.string());
  object["taken_out"] = out;
  object["repaired"] = !aside.empty();
  if (!aside.empty()) object["aside"] = aside.string();
  if (log_id) object["log_id"] = to_string(*log_id);
  return object;
}

int tell(Output& output, const boost::json::object& facts) {
  output.write_json(boost::json::serialize(facts));
  output.flush();
  return exit_code::ok;
}

// On standard output; beside JSON on the other, and only for who is asked.
void show_words(Output& output, const Settings& settings, const RepairPlan& plan) {
  bool asks = !settings.on("yes") && !settings.on("dry-run") && can_ask();
  for (const std::string& line : words_for(plan)) {
    std::string text = escaped(line, Escape::line) + "\n";
    if (!output.json())
      output.write(text);
    else if (asks)
      std::cerr << text;
  }
  output.flush();
}

}  // namespace

int repair(const Settings& settings) {
  fs::path directory = directory_of(settings);
  PosixFiles files(PosixFiles::Owner::of_directory);
  auto lock = files.lock(lock_path(directory));
  if (!lock) throw Failure(exit_code::other, directory.string() + " is in use by another process: stop that one first");
  RepairPlan plan = plan_for(files, directory);
  Output output(settings);
  if (plan.empty()) {
    if (output.json()) return tell(output, facts(plan, {}));
    if (!output.quiet()) output.write("nothing is damaged\n");
    output.flush();
    return exit_code::ok;
  }
  show_words(output, settings, plan);
  if (settings.on("dry-run")) return output.json() ? tell(output, facts(plan, {})) : exit_code::ok;
  if (!confirmed(settings, "Repair " + escaped(directory.string(), Escape::line) +
                               " in this way? The files as they are stay in it, in damaged-N."))
    return exit_code::other;
  auto [aside, log_id] = carry_out(files, directory, plan);
  if (output.json()) return tell(output, facts(plan, aside, log_id));
  if (!output.quiet())
    output.write("repaired: kvs serve starts again; the files as they were are in " +
                 escaped(aside.string(), Escape::line) + "\n");
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
