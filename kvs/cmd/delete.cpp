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

// Revision 0 is "no such key", for which there is nothing to delete.
std::string wanted_revision(const Settings& settings, const std::vector<std::string>& keys) {
  if (!settings.given("if-revision")) return {};
  if (keys.size() > 1) throw settings.wrong("if-revision", "goes with one key");
  if (settings.number("if-revision") == 0) throw settings.wrong("if-revision", "the revision of a key is at least 1");
  return settings.text("if-revision");
}

Failure condition_failed(const std::string& key, const ClientAnswer& answer) {
  auto current = json_number(answer.body, "current_revision");
  if (!current) return failure_from(answer);
  std::string why = *current == 0 ? "there is no key " + key : key + " is at revision " + std::to_string(*current);
  return {exit_code::condition_failed, "not deleted: " + why};
}

// `revision`: only of the key at that one; empty: of whatever is there.
ClientAnswer remove_one(Remote& remote, const std::string& key, const std::string& revision) {
  ClientRequest request{.method = "DELETE", .target = key_target(key), .fields = {}, .body = {}};
  if (!revision.empty()) request.fields.emplace_back("If-Match", '"' + revision + '"');
  ClientAnswer answer = remote.ask(std::move(request));
  if (answer.status == 412) throw condition_failed(key, answer);
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
  // Where nobody can be asked, it is refused whether there are such keys or not: a script is to fail the first time.
  if (!settings.on("yes")) {
    std::uint64_t count = can_ask() ? count_keys(remote, prefix, nullptr) : 0;
    std::string what = std::to_string(count) + " keys that begin with '" + escaped(prefix, Escape::line) + "'";
    bool needless = can_ask() && count == 0;
    if (!needless && !confirmed(settings, "Delete the " + what + "?")) return exit_code::other;
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
  if (settings.given("prefix")) {
    if (settings.given("if-revision")) throw settings.wrong("if-revision", "goes with a key, not with --prefix");
    return remove_range(settings);
  }
  for (const char* name : {"dry-run", "yes"})
    if (settings.given(name)) throw settings.wrong(name, "goes with --prefix");
  std::vector<std::string> keys = wanted_keys(settings);
  std::string revision = wanted_revision(settings, keys);
  Remote remote(settings);
  Output output(settings);
  bool as_json = output.own_json() || output.form() == Form::json || output.form() == Form::ndjson;
  std::uint64_t deleted = 0;
  int code = exit_code::ok;
  for (std::size_t i = 0; i < keys.size() && code == exit_code::ok; ++i) {
    try {
      ClientAnswer answer = remove_one(remote, keys[i], revision);
      deleted += json_number(answer.body, "deleted").value_or(0);
      if (as_json) output.write_json(answer.body);
    } catch (const Failure& failure) {
      if (i == 0) throw;
      report(Failure(failure.exit_code(), keys[i] + ": " + failure.what(), failure.hint()));
      code = exit_code::partly_done;
    }
  }
  if (!as_json && !output.quiet()) output.write(std::to_string(deleted) + "\n");
  output.flush();
  return code;
}

}  // namespace kvs
