#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/confirm.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/record_stream.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/cmd/write_flags.hpp"

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

// A name, or a revision, is that of one write.
void refuse_several(const Settings& settings, const std::vector<std::string>& keys) {
  for (const char* name : {"if-revision", "idempotency-key"})
    if (settings.given(name) && keys.size() > 1) throw settings.wrong(name, "goes with one key");
}

ClientRequest removal(const Settings& settings, const std::string& key) {
  ClientRequest request{.method = "DELETE", .target = key_target(key), .fields = {}, .body = {}};
  add_revision(settings, request);
  add_idempotency_key(settings, request);
  return request;
}

ClientAnswer remove_one(Remote& remote, const std::string& key, ClientRequest request) {
  ClientAnswer answer = remote.ask(std::move(request));
  if (answer.status == 412) throw condition_failed("not deleted", key, answer);
  if (answer.status != 200) throw failure_from(answer);
  return answer;
}

// The keys that begin with a prefix, or all.
struct Range {
  std::string prefix;  // empty: all

  std::string target() const {
    std::string target = "/v1/kv";
    if (!prefix.empty()) add_parameter(target, "prefix", prefix);
    return target;
  }
  // The server is told in so many words.
  std::string target_of_removal() const { return prefix.empty() ? "/v1/kv?all=true" : target(); }
  std::string words(std::uint64_t count) const {
    std::string keys = std::to_string(count) + " keys";
    return prefix.empty() ? "all " + keys : "the " + keys + " that begin with '" + escaped(prefix, Escape::line) + "'";
  }
};

// How many keys there are; with an output they are listed there.
std::uint64_t count_keys(Remote& remote, const Range& range, Output* output) {
  std::string target = range.target();
  add_parameter(target, "keys_only", "1");
  std::uint64_t count = 0;
  stream_records(remote, target, [&](std::string_view line) {
    ++count;
    if (output) output->write(escaped(parse_item(line).key, Escape::line) + "\n");
  });
  return count;
}

Range wanted_range(const Settings& settings) {
  std::vector<std::string> prefixes = settings.list("prefix");
  if (!settings.arguments().empty() || settings.given("key") || (settings.on("all") && !prefixes.empty()))
    throw UsageError("give keys, --prefix or --all, only one of them");
  if (settings.on("all")) return {};
  if (prefixes.size() > 1) throw UsageError("kvs delete takes one --prefix");
  if (prefixes.front().empty()) throw UsageError("--prefix: an empty prefix is every key", "--all deletes those");
  return {prefixes.front()};
}

int remove_range(const Settings& settings) {
  Range range = wanted_range(settings);
  Remote remote(settings);
  Output output(settings);
  if (settings.on("dry-run")) {
    count_keys(remote, range, &output);
    output.flush();
    return exit_code::ok;
  }
  // Where nobody can be asked, it is refused whether there are such keys or not: a script is to fail the first time.
  if (!settings.on("yes")) {
    std::uint64_t count = can_ask() ? count_keys(remote, range, nullptr) : 0;
    bool needless = can_ask() && count == 0;
    if (!needless && !confirmed(settings, "Delete " + range.words(count) + "?")) return exit_code::other;
  }
  ClientRequest request{.method = "DELETE", .target = range.target_of_removal(), .fields = {}, .body = {}};
  add_idempotency_key(settings, request);
  ClientAnswer answer = remote.ask(std::move(request));
  if (answer.status != 200) throw failure_from(answer);
  bool as_json = output.json();
  if (as_json)
    output.write_json(answer.body);
  else if (!output.quiet())
    output.write(std::to_string(json_number(answer.body, "deleted").value_or(0)) + "\n");
  output.flush();
  return exit_code::ok;
}

}  // namespace

int remove(const Settings& settings) {
  if (settings.given("prefix") || settings.on("all")) {
    if (settings.given("if-revision"))
      throw settings.wrong("if-revision", "goes with a key, not with --prefix or --all");
    return remove_range(settings);
  }
  for (const char* name : {"dry-run", "yes"})
    if (settings.given(name)) throw settings.wrong(name, "goes with --prefix or --all");
  std::vector<std::string> keys = wanted_keys(settings);
  refuse_several(settings, keys);
  Remote remote(settings);
  Output output(settings);
  bool as_json = output.json();
  std::uint64_t deleted = 0;
  int code = exit_code::ok;
  for (std::size_t i = 0; i < keys.size() && code == exit_code::ok; ++i) {
    try {
      ClientAnswer answer = remove_one(remote, keys[i], removal(settings, keys[i]));
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
