// kvs export: the records of a listing, as they come.
#include <memory>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/freshness.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/new_file.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/progress.hpp"
#include "kvs/cmd/record_stream.hpp"

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
  {
    Progress progress(settings, "exporting", Progress::Unit::keys);
    stream_records(remote, target, [&](std::string_view line) {
      std::string whole = std::string(line) + "\n";
      if (file)
        file->write(whole);
      else
        output.write(whole);
      progress.at(++count, all);
    });
  }
  if (file) {
    file->finish();
    if (!output.quiet()) output.write(std::to_string(count) + "\n");
  }
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
