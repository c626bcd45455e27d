// kvs export: the records of a listing, as they come.
#include <boost/json.hpp>
#include <memory>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/freshness.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/new_file.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/progress.hpp"
#include "kvs/cmd/record_stream.hpp"
#include "kvs/revision.hpp"
#include "kvs/units.hpp"

namespace kvs {
namespace {

std::string target_for(const Settings& settings) {
  std::vector<std::string> prefixes = settings.list("prefix");
  if (prefixes.size() > 1) throw UsageError("kvs export takes one --prefix");
  if (!prefixes.empty() && prefixes.front().empty()) throw UsageError("--prefix: an empty prefix is every key");
  std::string target = "/v1/kv";
  if (!prefixes.empty()) add_parameter(target, "prefix", prefixes.front());
  Freshness(settings).add_to(target);
  return target;
}

// How many there will be; 0: not known.
std::uint64_t expected(const Settings& settings, Remote& remote) {
  if (settings.given("prefix") || settings.given("revision")) return 0;
  ClientAnswer answer = remote.ask({.method = "GET", .target = "/v1/status", .fields = {}, .body = {}});
  return answer.status == 200 ? json_number(answer.body, "keys").value_or(0) : 0;
}

// Of the file, for programs.
boost::json::object facts(const std::string& name, std::uint64_t count, const ClientAnswer& answer) {
  boost::json::object object{{"file", name}, {"keys", count}};
  auto revision = parse_number(answer.field("kvs-revision"), max_revision_number);
  if (revision) object["revision"] = *revision;
  if (auto log_id = answer.field("kvs-log-id"); !log_id.empty()) object["log_id"] = std::string(log_id);
  return object;
}

}  // namespace

int export_keys(const Settings& settings) {
  if (settings.arguments().size() > 1) throw UsageError("kvs export takes one file", "kvs export [FILE]");
  std::string name = settings.arguments().empty() ? "-" : settings.arguments().front();
  std::string target = target_for(settings);
  Remote remote(settings);
  Output output(settings);
  std::uint64_t all = expected(settings, remote);
  Freshness(settings).give_time(remote);
  std::unique_ptr<NewFile> file = name == "-" ? nullptr : std::make_unique<NewFile>(name);
  std::uint64_t count = 0;
  ClientAnswer answer;
  {
    Progress progress(settings, "exporting", Progress::Unit::keys);
    answer = stream_records(remote, target, [&](std::string_view line) {
      if (file)
        file->write(std::string(line) + "\n");
      else
        output.write_json_line(line);
      progress.at(++count, all);
    });
  }
  if (file) {
    file->finish();
    if (output.json()) {
      output.write_json(boost::json::serialize(facts(name, count, answer)));
    } else if (!output.quiet()) {
      output.write(std::to_string(count) + "\n");
    }
  }
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
