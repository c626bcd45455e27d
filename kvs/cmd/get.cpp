#include <algorithm>
#include <optional>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/freshness.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/listing.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/record_stream.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/json_text.hpp"

namespace kvs {
namespace {

// The empty key means all, as in the original.
std::vector<std::string> wanted_keys(const Settings& settings) {
  std::vector<std::string> keys;
  if (!settings.text("key").empty()) keys.push_back(settings.text("key"));
  keys.insert(keys.end(), settings.arguments().begin(), settings.arguments().end());
  return keys;
}

// The server's answer, or nothing if there is no such key.
std::optional<ClientAnswer> fetch(Remote& remote, const Freshness& freshness, const std::string& key, bool record) {
  std::string target = key_target(key);
  if (record) add_parameter(target, "record", "1");
  freshness.add_to(target);
  ClientAnswer answer = remote.ask({.method = "GET", .target = target, .fields = {}, .body = {}});
  if (answer.status == 404 && json_string(answer.body, "code") == "no_such_key") return std::nullopt;
  if (answer.status != 200) throw failure_from(answer);
  return answer;
}

int missing(const std::string& key) {
  report(Failure(exit_code::no_such_key, "no such key: " + key));
  return exit_code::no_such_key;
}

void print_value(Output& output, const std::string& value) {
  if (output.form() != Form::human) return output.write(value);
  output.write(escaped(value, Escape::text) + "\n");
  if (is_utf8(value) || output.quiet()) return;
  output.flush();
  report(Failure(exit_code::ok, "that was binary, " + std::to_string(value.size()) + " bytes",
                 "-o raw prints them as they are"));
}

int get_one(Remote& remote, const Freshness& freshness, Output& output, const std::string& key) {
  Form form = output.form();
  bool value_only = form == Form::human || form == Form::machine || form == Form::raw;
  std::optional<ClientAnswer> answer = fetch(remote, freshness, key, !value_only);
  if (!answer) return missing(key);
  if (value_only) {
    print_value(output, answer->body);
  } else if (form == Form::table) {
    Listing listing(output);
    listing.add(parse_item(answer->body));
    listing.finish();
  } else {
    output.write_json(answer->body);
  }
  output.flush();
  return exit_code::ok;
}

// What would go wrong with the next key, too.
bool hopeless(const Failure& failure) {
  return failure.exit_code() == exit_code::unreachable || failure.exit_code() == exit_code::timed_out;
}

// What was got is shown, whatever becomes of the others.
int get_several(Remote& remote, const Freshness& freshness, Output& output, const std::vector<std::string>& keys) {
  int absent = exit_code::ok;
  std::optional<Failure> failed;
  std::size_t told = 0;  // of how many keys something is known
  Listing listing(output);
  for (const std::string& key : keys) {
    std::optional<ClientAnswer> answer;
    try {
      answer = fetch(remote, freshness, key, true);
      ++told;
      if (!answer) absent = missing(key);
    } catch (const Failure& failure) {
      if (hopeless(failure) && told == 0) throw;
      report(Failure(failure.exit_code(), key + ": " + failure.what(), failure.hint()));
      failed = failure;
      if (hopeless(failure)) break;
    }
    if (answer) listing.add(parse_item(answer->body));
  }
  listing.finish();
  if (!failed) return absent;
  return told == 0 ? failed->exit_code() : exit_code::partly_done;
}

// Those that another one covers left out, in order.
std::vector<std::string> disjoint(std::vector<std::string> prefixes) {
  std::ranges::sort(prefixes);
  std::vector<std::string> kept;
  for (std::string& prefix : prefixes)
    if (kept.empty() || !prefix.starts_with(kept.back())) kept.push_back(std::move(prefix));
  return kept;
}

// All at one revision: that of the first answer.
int get_matching(Remote& remote, Freshness freshness, Output& output, std::vector<std::string> prefixes) {
  Listing listing(output);
  if (prefixes.empty()) prefixes.emplace_back();
  for (const std::string& prefix : disjoint(std::move(prefixes))) {
    std::string target = "/v1/kv";
    if (!prefix.empty()) add_parameter(target, "prefix", prefix);
    freshness.add_to(target);
    ClientAnswer answer = stream_records(remote, target, [&](std::string_view line) { listing.add(parse_item(line)); });
    freshness.stay_at(answer);
  }
  listing.finish();
  return exit_code::ok;
}

}  // namespace

int get(const Settings& settings) {
  std::vector<std::string> keys = wanted_keys(settings);
  std::vector<std::string> prefixes = settings.list("prefix");
  for (const std::string& prefix : prefixes)
    if (prefix.empty()) throw UsageError("--prefix: an empty prefix is every key", "use --all");
  // (The original client took --key beside it, and went by --all.)
  if (settings.on("all") && !(settings.arguments().empty() && prefixes.empty()))
    throw UsageError("--all is every key: give no keys and no --prefix beside it");
  Remote remote(settings);
  Output output(settings);
  Freshness freshness(settings);
  freshness.give_time(remote);
  if (settings.on("all")) return get_matching(remote, freshness, output, {});
  if (!keys.empty() && !prefixes.empty()) throw UsageError("give keys or --prefix, not both");
  if (keys.empty()) return get_matching(remote, freshness, output, prefixes);
  return keys.size() == 1 ? get_one(remote, freshness, output, keys.front())
                          : get_several(remote, freshness, output, keys);
}

}  // namespace kvs
