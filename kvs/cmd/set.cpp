#include <unistd.h>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/input.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/write_flags.hpp"

namespace kvs {
namespace {

struct Pair {
  std::string key, value;
};

std::string value_from(const std::string& argument) {
  if (argument == "-" || argument == "@-") return read_stdin();
  return argument.starts_with('@') ? read_file(argument.substr(1)) : argument;
}

// A value left out is read from stdin only if nobody would have to type it.
Pair wanted(const Settings& settings) {
  std::vector<std::string> rest = settings.arguments();
  if (settings.given("key")) rest.insert(rest.begin(), settings.text("key"));
  std::string usage = "kvs set KEY VALUE, kvs set KEY @FILE, or kvs set KEY with the value on stdin";
  if (rest.empty()) throw UsageError("which key?", usage);
  std::size_t most = settings.given("value") ? 1 : 2;
  if (rest.size() > most) throw UsageError("one value too many: '" + rest[most] + "'", "quote a value with spaces");
  if (rest.front().empty()) throw UsageError("a key has at least one byte");
  if (settings.given("value")) return {rest[0], settings.text("value")};
  if (rest.size() == 2) return {rest[0], value_from(rest[1])};
  if (isatty(STDIN_FILENO) == 1) throw UsageError("which value?", usage);
  return {rest[0], read_stdin()};
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fields_for(const Settings& settings) {
  Fields fields;
  bool absent = settings.on("if-absent");
  if (absent && settings.given("if-revision")) throw UsageError("give --if-absent or --if-revision, not both");
  if (settings.given("if-revision") && settings.number("if-revision") > 0)
    fields.emplace_back("If-Match", '"' + settings.text("if-revision") + '"');
  if (absent || (settings.given("if-revision") && settings.number("if-revision") == 0))
    fields.emplace_back("If-None-Match", "*");
  std::string type = settings.text("content-type");
  if (type.find_first_of("\r\n") != std::string::npos) throw UsageError("--content-type: one line of text");
  if (!type.empty()) fields.emplace_back("Content-Type", type);
  return fields;
}

}  // namespace

int set(const Settings& settings) {
  Fields fields = fields_for(settings);
  Pair pair = wanted(settings);
  Remote remote(settings);
  Output output(settings);
  std::string target = key_target(pair.key);
  std::string ttl = settings.text("ttl");
  if (!ttl.empty() && ttl != "none") add_parameter(target, "ttl", ttl);
  ClientRequest request{.method = "PUT", .target = target, .fields = std::move(fields), .body = std::move(pair.value)};
  add_idempotency_key(settings, request);
  ClientAnswer answer = remote.ask(std::move(request));
  if (answer.status == 412) throw condition_failed("not set", pair.key, answer);
  if (answer.status != 200 && answer.status != 201) throw failure_from(answer);
  if (output.json()) {
    output.write_json(answer.body);
  } else if (!output.quiet()) {
    auto revision = json_number(answer.body, "revision");
    output.write((revision ? std::to_string(*revision) : std::string(answer.field("kvs-revision"))) + "\n");
  }
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs
