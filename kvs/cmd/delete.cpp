#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/confirm.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/record_stream.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

std::vector<std::string> wanted_keys(const Settings& settings) {
  std::vector<std::string> keys = settings.arguments();
  if (settings.given("key")) keys.insert(keys.begin(), settings.text("key"));
  if (keys.empty()) throw UsageError("which key?", "kvs delete KEY...");
  for (const std::string& key : keys)
    if (key.empty()) throw UsageError("a key has at least one byte");
  return keys;
}

ClientAnswer remove_one(Remote& remote, const std::string& key) {
  ClientAnswer answer = remote.ask({.method = "DELETE", .target = key_target(key), .fields = {}, .body = {}});
  if (answer.status != 200) throw failure_from(answer);
  return answer;
}

std::string range_target(const std::string& prefix) {
  std::string target = "/v1/kv";
  add_parameter(target, "prefix", prefix);
  return target;
}

// How many keys begin with it; with an output they are listed there.
std::uint64_t count_keys(Remote& remote, const std::string& prefix, Output* output) {
  std::string target = range_target(prefix);
  add_parameter(target, "keys_only", "1");
  std::uint64_t count = 0;
  stream_records(remote, target, [&](std::string_view line) {
    ++count;
    if (output) output->write(escaped(parse_item(line).key, Escape::line) + "\n");
  });
  return count;
}

std::string one_prefix(const Settings& settings) {
  std::vector<std::string> prefixes = settings.list("prefix");
  if (!settings.arguments().empty() || settings.given("key")) throw UsageError("give keys or --prefix, not both");
  if (prefixes.size() > 1) throw UsageError("kvs delete takes one --prefix");
  if (prefixes.front().empty()) throw UsageError("--prefix: an empty prefix is every key");
  return prefixes.front();
}

int remove_range(const Settings& settings) {
  std::string prefix = one_prefix(settings);
  Remote remote(settings);
  Output output(settings);
  if (settings.on("dry-run")) {
    count_keys(remote, prefix, &output);
    output.flush();
    return exit_code::ok;
  }
  if (!settings.on("yes")) {
    std::string number = can_ask() ? std::to_string(count_keys(remote, prefix, nullptr)) + " " : "";
    if (!confirmed(settings, "Delete the " + number + "keys that begin with '" + escaped(prefix, Escape::line) + "'?"))
      return exit_code::other;
  }
  ClientAnswer answer = remote.ask({.method = "DELETE", .target = range_target(prefix), .fields = {}, .body = {}});
  if (answer.status != 200) throw failure_from(answer);
  bool as_json = output.own_json() || output.form() == Form::json || output.form() == Form::ndjson;
  if (as_json)
    output.write_json(answer.body);
  else if (!output.quiet())
    output.write(std::to_string(json_number(answer.body, "deleted").value_or(0)) + "\n");
  output.flush();
  return exit_code::ok;
}

}  // namespace

int remove(const Settings& settings) {
  if (settings.given("prefix")) return remove_range(settings);
  for (const char* name : {"dry-run", "yes"})
    if (settings.given(name)) throw settings.wrong(name, "goes with --prefix");
  std::vector<std::string> keys = wanted_keys(settings);
  Remote remote(settings);
  Output output(settings);
  bool as_json = output.own_json() || output.form() == Form::json || output.form() == Form::ndjson;
  std::uint64_t deleted = 0;
  int code = exit_code::ok;
  for (std::size_t i = 0; i < keys.size() && code == exit_code::ok; ++i) {
    try {
      ClientAnswer answer = remove_one(remote, keys[i]);
      deleted += json_number(answer.body, "deleted").value_or(0);
      if (as_json) output.write_json(answer.body);
    } catch (const Failure& failure) {
      if (i == 0) throw;
      report(Failure(failure.exit_code(), keys[i] + ": " + failure.what(), failure.hint()), output.quiet());
      code = exit_code::partly_done;
    }
  }
  if (!as_json && !output.quiet()) output.write(std::to_string(deleted) + "\n");
  output.flush();
  return code;
}

}  // namespace kvs
