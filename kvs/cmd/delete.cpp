#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"

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

}  // namespace

int remove(const Settings& settings) {
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
