#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/write_flags.hpp"

namespace kvs {
namespace {

std::string one_key(const Settings& settings) {
  std::vector<std::string> keys = settings.arguments();
  if (settings.given("key")) keys.push_back(settings.text("key"));
  if (keys.size() != 1) throw UsageError("which key? it takes one", "kvs touch KEY --ttl 30s");
  return keys.front();
}

}  // namespace

int touch(const Settings& settings) {
  std::string key = one_key(settings);
  if (!settings.given("ttl")) throw UsageError("for how long? give --ttl DURATION or --ttl none");
  std::string target = key_target(key);
  add_parameter(target, "ttl", settings.text("ttl"));
  Remote remote(settings);
  Output output(settings);
  ClientRequest request{.method = "PATCH", .target = target, .fields = {}, .body = {}};
  add_revision(settings, request);
  add_idempotency_key(settings, request);
  ClientAnswer answer = remote.ask(std::move(request));
  if (answer.status == 404 && json_string(answer.body, "code") == "no_such_key")
    throw Failure(exit_code::no_such_key, "no such key: " + key);
  if (answer.status == 412) throw condition_failed("not touched", key, answer);
  if (answer.status != 200) throw failure_from(answer);
  if (output.json()) {
    output.write_json(answer.body);
  } else if (!output.quiet()) {
    output.write(std::to_string(json_number(answer.body, "revision").value_or(0)) + "\n");
  }
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
